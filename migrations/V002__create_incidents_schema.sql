-- Incidents, their comments and work logs, and what the module knows of other modules' tasks. The
-- business number is the key; numbers come from a sequence inside the transaction and are never reused.
-- The SLA deadline counts from sla_started_at, which a reopening moves.

CREATE SCHEMA synergyflow_incidents;

CREATE SEQUENCE synergyflow_incidents.incident_number START WITH 1001;

CREATE TABLE synergyflow_incidents.incidents (
    incident_id         text PRIMARY KEY, -- such as INC-1234
    tenant_id           text NOT NULL DEFAULT '',
    title               text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    description         text CHECK (char_length(description) <= 10000),
    status              text NOT NULL DEFAULT 'NEW'
                        CHECK (status IN ('NEW', 'IN_PROGRESS', 'ON_HOLD', 'RESOLVED', 'CLOSED',
                                          'CANCELLED')),
    priority            text NOT NULL
                        CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'PLANNING')),
    impact              smallint CHECK (impact BETWEEN 1 AND 3), -- 1 is high
    urgency             smallint CHECK (urgency BETWEEN 1 AND 3),
    category            text CHECK (char_length(category) <= 200),
    subcategory         text CHECK (char_length(subcategory) <= 200),
    service             text CHECK (char_length(service) <= 200),
    caller              text CHECK (char_length(caller) <= 200),
    assignment_group    text CHECK (char_length(assignment_group) <= 200),
    assigned_to         text CHECK (char_length(assigned_to) <= 200),
    hold_reason         text CHECK (char_length(hold_reason) <= 200),
    resolution          text CHECK (char_length(resolution) <= 10000),
    sla_started_at      timestamptz,
    sla_target          interval,
    sla_deadline        timestamptz,
    escalation_level    smallint NOT NULL DEFAULT 0 CHECK (escalation_level >= 0),
    reopen_count        integer NOT NULL DEFAULT 0 CHECK (reopen_count >= 0),
    reassignment_count  integer NOT NULL DEFAULT 0 CHECK (reassignment_count >= 0),
    process_instance_id uuid,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    resolved_at         timestamptz,
    closed_at           timestamptz,
    version             bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 85);
ALTER SEQUENCE synergyflow_incidents.incident_number
    OWNED BY synergyflow_incidents.incidents.incident_id;

CREATE TABLE synergyflow_incidents.incident_comments (
    comment_id  uuid PRIMARY KEY,
    tenant_id   text NOT NULL DEFAULT '',
    incident_id text NOT NULL REFERENCES synergyflow_incidents.incidents (incident_id)
                ON DELETE CASCADE,
    author      text NOT NULL,
    body        text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 10000),
    created_at  timestamptz NOT NULL
);

CREATE TABLE synergyflow_incidents.incident_worklogs (
    worklog_id  uuid PRIMARY KEY,
    tenant_id   text NOT NULL DEFAULT '',
    incident_id text NOT NULL REFERENCES synergyflow_incidents.incidents (incident_id)
                ON DELETE CASCADE,
    author      text NOT NULL,
    body        text NOT NULL CHECK (char_length(body) <= 20000),
    created_at  timestamptz NOT NULL
);

-- Built from the tasks module's events; last_position is the event's, so that an older event never
-- overwrites a newer one.
CREATE TABLE synergyflow_incidents.task_projections (
    task_id       text PRIMARY KEY,
    tenant_id     text NOT NULL DEFAULT '',
    task_title    text NOT NULL,
    incident_id   text NOT NULL,
    status        text,
    assigned_to   text,
    last_updated  timestamptz NOT NULL,
    last_position bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);

REVOKE ALL ON SCHEMA synergyflow_incidents FROM PUBLIC;
GRANT USAGE ON SCHEMA synergyflow_incidents TO synergyflow_incidents;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synergyflow_incidents
    TO synergyflow_incidents;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA synergyflow_incidents TO synergyflow_incidents;
