-- Users and teams complete: memberships with their history, on-call rotations, the service catalogue and
-- its requests. Ids and addresses belong to a tenant: two tenants may have the same, and neither learns of
-- the other's by being refused.

ALTER TABLE synergyflow_users.users
    DROP CONSTRAINT users_team_id_fkey,
    DROP CONSTRAINT users_email_key,
    DROP CONSTRAINT users_pkey;
ALTER TABLE synergyflow_users.teams
    DROP CONSTRAINT teams_pkey,
    ADD PRIMARY KEY (tenant_id, team_id);

ALTER TABLE synergyflow_users.users
    ADD PRIMARY KEY (tenant_id, user_id),
    ADD FOREIGN KEY (tenant_id, team_id) REFERENCES synergyflow_users.teams (tenant_id, team_id),
    ADD COLUMN phone text CHECK (char_length(phone) <= 50),
    ADD COLUMN manager_id text,
    ADD COLUMN deactivated_at timestamptz,
    -- as lists compare and sort them, whatever the database's collation is
    ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED,
    ADD COLUMN email_key text COLLATE "C" GENERATED ALWAYS AS (lower(email)) STORED,
    ADD FOREIGN KEY (tenant_id, manager_id) REFERENCES synergyflow_users.users (tenant_id, user_id),
    ADD CHECK (active = (deactivated_at IS NULL)),
    ADD CHECK (manager_id <> user_id),
    ALTER COLUMN tenant_id SET DEFAULT coalesce(current_setting('app.tenant', true), '');
CREATE UNIQUE INDEX users_email ON synergyflow_users.users (tenant_id, email_key);
CREATE INDEX users_name ON synergyflow_users.users (tenant_id, name_key, user_id);
CREATE INDEX users_created_at ON synergyflow_users.users (tenant_id, created_at, user_id);
CREATE INDEX users_manager ON synergyflow_users.users (tenant_id, manager_id)
    WHERE manager_id IS NOT NULL;
-- The constraint that users.team_id has now looks from a team to its users by tenant and team.
DROP INDEX synergyflow_users.users_team;
CREATE INDEX users_team ON synergyflow_users.users (tenant_id, team_id) WHERE team_id IS NOT NULL;

ALTER TABLE synergyflow_users.teams
    ADD COLUMN description text CHECK (char_length(description) <= 2000),
    ADD COLUMN email text CHECK (char_length(email) BETWEEN 3 AND 320),
    ADD COLUMN manager_id text,
    ADD COLUMN active boolean NOT NULL DEFAULT true,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED,
    ADD FOREIGN KEY (tenant_id, manager_id) REFERENCES synergyflow_users.users (tenant_id, user_id),
    ALTER COLUMN tenant_id SET DEFAULT coalesce(current_setting('app.tenant', true), '');
CREATE INDEX teams_name ON synergyflow_users.teams (tenant_id, name_key, team_id);
CREATE INDEX teams_created_at ON synergyflow_users.teams (tenant_id, created_at, team_id);
CREATE INDEX teams_manager ON synergyflow_users.teams (tenant_id, manager_id)
    WHERE manager_id IS NOT NULL;

-- Who was in which team when; rows are ended, never deleted. paused: ended because the user was
-- deactivated, and to be continued should the user come back.
CREATE TABLE synergyflow_users.team_members (
    membership_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id     text NOT NULL DEFAULT coalesce(current_setting('app.tenant', true), ''),
    team_id       text NOT NULL,
    user_id       text NOT NULL,
    valid_from    timestamptz NOT NULL,
    valid_to      timestamptz,
    paused        boolean NOT NULL DEFAULT false,
    added_by      text NOT NULL,
    ended_by      text,
    CHECK (valid_to >= valid_from),
    FOREIGN KEY (tenant_id, team_id) REFERENCES synergyflow_users.teams (tenant_id, team_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES synergyflow_users.users (tenant_id, user_id)
);
CREATE UNIQUE INDEX team_members_open ON synergyflow_users.team_members (tenant_id, team_id, user_id)
    WHERE valid_to IS NULL;
CREATE INDEX team_members_team
    ON synergyflow_users.team_members (tenant_id, team_id, user_id, valid_from);
CREATE INDEX team_members_user
    ON synergyflow_users.team_members (tenant_id, user_id, valid_from);

-- Users that had a team before have been in it since they were made.
INSERT INTO synergyflow_users.team_members (tenant_id, team_id, user_id, valid_from, added_by)
SELECT tenant_id, team_id, user_id, created_at, 'engine'
FROM synergyflow_users.users WHERE team_id IS NOT NULL;

-- A rotation holds from starts_at until the next one of its team starts, so what was true stays so.
-- Shifts are counted on the wall clock of the zone: a handover at 09:00 stays one when clocks change.
CREATE TABLE synergyflow_users.on_call_rotations (
    rotation_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id   text NOT NULL DEFAULT coalesce(current_setting('app.tenant', true), ''),
    team_id     text NOT NULL,
    starts_at   timestamptz NOT NULL,
    time_zone   text NOT NULL CHECK (char_length(time_zone) <= 100),
    shift       interval NOT NULL CHECK (shift >= interval '1 hour'),
    user_ids    text[] NOT NULL CHECK (cardinality(user_ids) BETWEEN 1 AND 50),
    created_at  timestamptz NOT NULL,
    created_by  text NOT NULL,
    UNIQUE (tenant_id, team_id, starts_at),
    FOREIGN KEY (tenant_id, team_id) REFERENCES synergyflow_users.teams (tenant_id, team_id)
);

-- Whether PostgreSQL knows a zone; looking through pg_timezone_names would read every zone's file.
CREATE FUNCTION synergyflow_users.is_time_zone(name text) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF name !~ '^[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)*$' THEN
        RETURN false;
    END IF;
    PERFORM now() AT TIME ZONE name;
    RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION synergyflow_users.is_time_zone(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION synergyflow_users.is_time_zone(text) TO synergyflow_users;

-- What may be ordered, who has to agree, and who provides it.
CREATE TABLE synergyflow_users.catalogue_items (
    tenant_id       text NOT NULL DEFAULT coalesce(current_setting('app.tenant', true), ''),
    item_id         text NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    description     text CHECK (char_length(description) <= 10000),
    approval        text NOT NULL CHECK (approval IN ('NONE', 'MANAGER', 'TEAM')),
    approval_team   text,
    fulfilment_team text NOT NULL,
    approve_within  interval NOT NULL,
    fulfil_within   interval NOT NULL,
    active          boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    version         bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, item_id),
    CHECK ((approval = 'TEAM') = (approval_team IS NOT NULL)),
    FOREIGN KEY (tenant_id, approval_team) REFERENCES synergyflow_users.teams (tenant_id, team_id),
    FOREIGN KEY (tenant_id, fulfilment_team) REFERENCES synergyflow_users.teams (tenant_id, team_id)
);
CREATE INDEX catalogue_items_approval_team
    ON synergyflow_users.catalogue_items (tenant_id, approval_team) WHERE approval_team IS NOT NULL;
CREATE INDEX catalogue_items_fulfilment_team
    ON synergyflow_users.catalogue_items (tenant_id, fulfilment_team);
CREATE INDEX catalogue_items_name ON synergyflow_users.catalogue_items (tenant_id, name, item_id);

CREATE SEQUENCE synergyflow_users.request_number START WITH 1001;

-- What was ordered. Approver and teams are those that the item had at that moment.
CREATE TABLE synergyflow_users.service_requests (
    request_id          text PRIMARY KEY, -- such as REQ-1234
    tenant_id           text NOT NULL DEFAULT coalesce(current_setting('app.tenant', true), ''),
    item_id             text NOT NULL,
    status              text NOT NULL CHECK (status IN ('AWAITING_APPROVAL', 'APPROVED', 'REJECTED',
                                                        'FULFILLED', 'CANCELLED')),
    requested_by        text NOT NULL CHECK (char_length(requested_by) <= 200),
    requested_for       text NOT NULL,
    details             text CHECK (char_length(details) <= 10000),
    approver            text, -- a user, or nobody in particular of approval_team
    approval_team       text,
    fulfilment_team     text NOT NULL,
    due_at              timestamptz, -- of the fulfilment, once approved
    decided_by          text,
    decided_at          timestamptz,
    comment             text CHECK (char_length(comment) <= 10000),
    ended_at            timestamptz,
    process_instance_id uuid,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    version             bigint NOT NULL DEFAULT 1,
    FOREIGN KEY (tenant_id, item_id)
        REFERENCES synergyflow_users.catalogue_items (tenant_id, item_id),
    FOREIGN KEY (tenant_id, requested_for)
        REFERENCES synergyflow_users.users (tenant_id, user_id)
) WITH (fillfactor = 85);
ALTER SEQUENCE synergyflow_users.request_number
    OWNED BY synergyflow_users.service_requests.request_id;
CREATE INDEX service_requests_created_at
    ON synergyflow_users.service_requests (tenant_id, created_at, request_id);
CREATE INDEX service_requests_status
    ON synergyflow_users.service_requests (tenant_id, status, created_at, request_id);
CREATE INDEX service_requests_item
    ON synergyflow_users.service_requests (tenant_id, item_id, created_at, request_id);
CREATE INDEX service_requests_for
    ON synergyflow_users.service_requests (tenant_id, requested_for, created_at, request_id);
CREATE INDEX service_requests_by
    ON synergyflow_users.service_requests (tenant_id, requested_by, created_at, request_id);
CREATE INDEX service_requests_due_at
    ON synergyflow_users.service_requests (tenant_id, due_at, request_id);
CREATE INDEX service_requests_fulfilment_team
    ON synergyflow_users.service_requests (tenant_id, fulfilment_team, created_at, request_id);
CREATE INDEX service_requests_approval_team
    ON synergyflow_users.service_requests (tenant_id, approval_team, created_at, request_id)
    WHERE approval_team IS NOT NULL;
CREATE INDEX service_requests_approver
    ON synergyflow_users.service_requests (tenant_id, approver, created_at, request_id)
    WHERE approver IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON synergyflow_users.team_members,
    synergyflow_users.on_call_rotations, synergyflow_users.catalogue_items,
    synergyflow_users.service_requests TO synergyflow_users;
GRANT USAGE ON SEQUENCE synergyflow_users.request_number TO synergyflow_users;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY
        ARRAY['team_members', 'on_call_rotations', 'catalogue_items', 'service_requests']
    LOOP
        EXECUTE format('ALTER TABLE synergyflow_users.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY tenant ON synergyflow_users.%I'
            ' USING (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))'
            ' WITH CHECK (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))',
            tenant_table);
    END LOOP;
END
$$;
