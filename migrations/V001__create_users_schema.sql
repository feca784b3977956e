-- Users and teams, and the database roles of the whole system. Roles belong to the cluster, not to
-- the database: another database of the same cluster may have made them, or be making them now.
-- Each module has a role without login and with rights on its own schema alone; the engine logs in as
-- synergyflow_engine and takes a module's role for the module's statements (SET LOCAL ROLE). NOINHERIT:
-- without taking the role it has none of its rights. Operators set the engine's password.

DO $$
DECLARE
    module_role text;
BEGIN
    FOREACH module_role IN ARRAY ARRAY['synergyflow_users', 'synergyflow_incidents',
        'synergyflow_tasks', 'synergyflow_changes', 'synergyflow_knowledge', 'synergyflow_audit']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = module_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', module_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- made by another database's migration in this moment
            END;
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'synergyflow_engine') THEN
        BEGIN
            CREATE ROLE synergyflow_engine LOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    FOREACH module_role IN ARRAY ARRAY['synergyflow_users', 'synergyflow_incidents',
        'synergyflow_tasks', 'synergyflow_changes', 'synergyflow_knowledge', 'synergyflow_audit']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members
                       WHERE roleid = module_role::regrole
                         AND member = 'synergyflow_engine'::regrole) THEN
            BEGIN
                EXECUTE format('GRANT %I TO synergyflow_engine', module_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA synergyflow_users;

CREATE TABLE synergyflow_users.teams (
    team_id    text PRIMARY KEY,
    tenant_id  text NOT NULL DEFAULT '',
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE synergyflow_users.users (
    user_id    text PRIMARY KEY,
    tenant_id  text NOT NULL DEFAULT '',
    email      text NOT NULL UNIQUE CHECK (char_length(email) BETWEEN 3 AND 320),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    role       text NOT NULL DEFAULT 'REQUESTER'
               CHECK (role IN ('REQUESTER', 'AGENT', 'MANAGER', 'ADMINISTRATOR', 'SYSTEM')),
    team_id    text REFERENCES synergyflow_users.teams (team_id),
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version    bigint NOT NULL DEFAULT 1
);

REVOKE ALL ON SCHEMA synergyflow_users FROM PUBLIC;
GRANT USAGE ON SCHEMA synergyflow_users TO synergyflow_users;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synergyflow_users TO synergyflow_users;
