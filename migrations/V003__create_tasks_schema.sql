-- Tasks, projects and sprints, and what the module knows of other modules' incidents.

CREATE SCHEMA synergyflow_tasks;

CREATE SEQUENCE synergyflow_tasks.task_number START WITH 1001;

CREATE TABLE synergyflow_tasks.projects (
    project_id  text PRIMARY KEY, -- such as PRJ-1
    tenant_id   text NOT NULL DEFAULT '',
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    description text CHECK (char_length(description) <= 10000),
    status      text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'ARCHIVED')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint NOT NULL DEFAULT 1
);

CREATE TABLE synergyflow_tasks.tasks (
    task_id          text PRIMARY KEY, -- such as TSK-1234
    tenant_id        text NOT NULL DEFAULT '',
    project_id       text REFERENCES synergyflow_tasks.projects (project_id),
    title            text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 600),
    description      text CHECK (char_length(description) <= 10000),
    status           text NOT NULL DEFAULT 'OPEN'
                     CHECK (status IN ('OPEN', 'IN_PROGRESS', 'DONE', 'CANCELLED')),
    priority         text NOT NULL DEFAULT 'MEDIUM'
                     CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'PLANNING')),
    assigned_to      text CHECK (char_length(assigned_to) <= 200),
    incident_id      text CHECK (char_length(incident_id) <= 200), -- of the incidents module
    workflow_task_id uuid,
    due_at           timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    completed_at     timestamptz,
    version          bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 85);
ALTER SEQUENCE synergyflow_tasks.task_number OWNED BY synergyflow_tasks.tasks.task_id;

CREATE TABLE synergyflow_tasks.sprints (
    sprint_id  uuid PRIMARY KEY,
    tenant_id  text NOT NULL DEFAULT '',
    project_id text NOT NULL REFERENCES synergyflow_tasks.projects (project_id) ON DELETE CASCADE,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    status     text NOT NULL DEFAULT 'PLANNED' CHECK (status IN ('PLANNED', 'ACTIVE', 'CLOSED')),
    starts_at  timestamptz,
    ends_at    timestamptz,
    CHECK (ends_at > starts_at)
);

CREATE TABLE synergyflow_tasks.task_sprint (
    task_id   text NOT NULL REFERENCES synergyflow_tasks.tasks (task_id) ON DELETE CASCADE,
    sprint_id uuid NOT NULL REFERENCES synergyflow_tasks.sprints (sprint_id) ON DELETE CASCADE,
    tenant_id text NOT NULL DEFAULT '',
    added_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (task_id, sprint_id)
);

-- Built from the incidents module's events; last_position is the event's.
CREATE TABLE synergyflow_tasks.incident_projections (
    incident_id    text PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    incident_title text NOT NULL,
    task_id        text,
    status         text,
    priority       text,
    assigned_to    text,
    last_updated   timestamptz NOT NULL,
    last_position  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);

REVOKE ALL ON SCHEMA synergyflow_tasks FROM PUBLIC;
GRANT USAGE ON SCHEMA synergyflow_tasks TO synergyflow_tasks;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synergyflow_tasks TO synergyflow_tasks;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA synergyflow_tasks TO synergyflow_tasks;
