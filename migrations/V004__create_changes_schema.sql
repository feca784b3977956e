-- Changes, their comments, and the calendar of maintenance and blackout windows.

CREATE SCHEMA synergyflow_changes;

CREATE SEQUENCE synergyflow_changes.change_number START WITH 1001;

CREATE TABLE synergyflow_changes.changes (
    change_id           text PRIMARY KEY, -- such as CHG-1234
    tenant_id           text NOT NULL DEFAULT '',
    title               text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    description         text CHECK (char_length(description) <= 10000),
    kind                text NOT NULL DEFAULT 'NORMAL'
                        CHECK (kind IN ('NORMAL', 'STANDARD', 'EMERGENCY')),
    status              text NOT NULL DEFAULT 'NEW'
                        CHECK (status IN ('NEW', 'ASSESS', 'AUTHORIZE', 'SCHEDULED', 'IMPLEMENT',
                                          'REVIEW', 'CLOSED', 'CANCELLED')),
    risk                text NOT NULL DEFAULT 'MEDIUM' CHECK (risk IN ('LOW', 'MEDIUM', 'HIGH')),
    scheduled_date      timestamptz,
    scheduled_end       timestamptz,
    requested_by        text CHECK (char_length(requested_by) <= 200),
    assigned_to         text CHECK (char_length(assigned_to) <= 200),
    assignment_group    text CHECK (char_length(assignment_group) <= 200),
    configuration_item  text CHECK (char_length(configuration_item) <= 200),
    process_instance_id uuid,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    closed_at           timestamptz,
    version             bigint NOT NULL DEFAULT 1,
    CHECK (scheduled_end > scheduled_date)
) WITH (fillfactor = 85);
ALTER SEQUENCE synergyflow_changes.change_number OWNED BY synergyflow_changes.changes.change_id;

CREATE TABLE synergyflow_changes.change_comments (
    comment_id uuid PRIMARY KEY,
    tenant_id  text NOT NULL DEFAULT '',
    change_id  text NOT NULL REFERENCES synergyflow_changes.changes (change_id) ON DELETE CASCADE,
    author     text NOT NULL,
    body       text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 10000),
    created_at timestamptz NOT NULL
);

CREATE TABLE synergyflow_changes.change_calendar (
    entry_id  uuid PRIMARY KEY,
    tenant_id text NOT NULL DEFAULT '',
    kind      text NOT NULL CHECK (kind IN ('CHANGE', 'MAINTENANCE', 'BLACKOUT')),
    title     text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    change_id text REFERENCES synergyflow_changes.changes (change_id) ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    CHECK (ends_at > starts_at),
    CHECK ((kind = 'CHANGE') = (change_id IS NOT NULL))
);

REVOKE ALL ON SCHEMA synergyflow_changes FROM PUBLIC;
GRANT USAGE ON SCHEMA synergyflow_changes TO synergyflow_changes;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synergyflow_changes
    TO synergyflow_changes;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA synergyflow_changes TO synergyflow_changes;
