-- The engine's own tables: lean rows with familiar names. One row for the state of an instance, one
-- for each open wait, one journal row for each commit. Task and instance rows stay as their own
-- history; partial indexes cover what is open. Columns that change in place carry no index, so that
-- updates stay on the page (HOT). Status codes are small integers, documented beside each column.

CREATE SCHEMA synergyflow_workflows;

CREATE TABLE synergyflow_workflows.deployment (
    id           uuid PRIMARY KEY,
    tenant_id    text NOT NULL DEFAULT '',
    name         text,
    category     text,
    key          text,
    deployed_at  timestamptz NOT NULL
);

CREATE TABLE synergyflow_workflows.deployment_resource (
    deployment_id uuid NOT NULL REFERENCES synergyflow_workflows.deployment (id) ON DELETE CASCADE,
    name          text NOT NULL,
    content       bytea NOT NULL,
    PRIMARY KEY (deployment_id, name)
);

CREATE TABLE synergyflow_workflows.process_definition (
    id            text PRIMARY KEY, -- key:version:uuid
    tenant_id     text NOT NULL DEFAULT '',
    key           text NOT NULL,
    version       integer NOT NULL,
    name          text,
    description   text,
    category      text,
    deployment_id uuid NOT NULL REFERENCES synergyflow_workflows.deployment (id) ON DELETE CASCADE,
    resource_name text NOT NULL,
    suspended     boolean NOT NULL DEFAULT false,
    has_diagram   boolean NOT NULL DEFAULT false,
    UNIQUE (tenant_id, key, version)
);
CREATE INDEX process_definition_deployment ON synergyflow_workflows.process_definition (deployment_id);

-- state and variables are the root scope's; unchanged ones are not rewritten.
CREATE TABLE synergyflow_workflows.process_instance (
    id             uuid PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    definition_id  text NOT NULL,
    definition_key text NOT NULL,
    business_key   text,
    name           text,
    status         smallint NOT NULL, -- 1 active, 2 suspended, 3 completed, 4 terminated
    revision       bigint NOT NULL,   -- commits so far; the journal's sequence
    start_user_id  text,
    correlation_id text,
    started_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    end_element_id text,
    delete_reason  text,
    state          jsonb NOT NULL,
    variables      jsonb NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX process_instance_business_key
    ON synergyflow_workflows.process_instance (business_key, id) WHERE business_key IS NOT NULL;
CREATE INDEX process_instance_open ON synergyflow_workflows.process_instance (definition_key, id)
    WHERE status < 3;
CREATE INDEX process_instance_definition ON synergyflow_workflows.process_instance (definition_id);

-- A row only for a nested scope (a running sub-process).
CREATE TABLE synergyflow_workflows.scope (
    id              uuid PRIMARY KEY,
    tenant_id       text NOT NULL DEFAULT '',
    instance_id     uuid NOT NULL,
    parent_scope_id uuid NOT NULL,
    execution_id    uuid NOT NULL, -- the sub-process' token in the parent scope
    element_id      text NOT NULL,
    state           jsonb NOT NULL,
    variables       jsonb NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX scope_instance ON synergyflow_workflows.scope (instance_id);

CREATE TABLE synergyflow_workflows.task (
    id               uuid PRIMARY KEY,
    tenant_id        text NOT NULL DEFAULT '',
    instance_id      uuid NOT NULL,
    execution_id     uuid NOT NULL,
    definition_id    text NOT NULL,
    element_id       text NOT NULL,
    name             text,
    description      text,
    assignee         text,
    owner            text,
    candidate_users  text[],
    candidate_groups text[],
    category         text,
    form_key         text,
    priority         integer NOT NULL DEFAULT 50,
    due_at           timestamptz,
    created_at       timestamptz NOT NULL,
    claimed_at       timestamptz,
    status           smallint NOT NULL, -- 1 open, 2 completed, 3 cancelled
    ended_at         timestamptz,
    delete_reason    text
) WITH (fillfactor = 85);
CREATE INDEX task_instance ON synergyflow_workflows.task (instance_id);
CREATE INDEX task_open ON synergyflow_workflows.task (id) WHERE status = 1;
CREATE INDEX task_open_assignee ON synergyflow_workflows.task (assignee) WHERE status = 1;
CREATE INDEX task_open_created ON synergyflow_workflows.task (created_at) WHERE status = 1;
CREATE INDEX task_open_candidate_groups ON synergyflow_workflows.task USING gin (candidate_groups)
    WITH (fastupdate = on) WHERE status = 1 AND candidate_groups IS NOT NULL;

-- One row for each armed timer; firing deletes it in the same transaction as its effect.
CREATE TABLE synergyflow_workflows.timer (
    id            uuid PRIMARY KEY,
    tenant_id     text NOT NULL DEFAULT '',
    instance_id   uuid NOT NULL,
    execution_id  uuid NOT NULL,
    definition_id text NOT NULL,
    element_id    text NOT NULL,
    due_at        timestamptz NOT NULL,
    repeat        text,
    created_at    timestamptz NOT NULL,
    attempts      smallint NOT NULL DEFAULT 0, -- failed attempts; due_at is then the next attempt's time
    last_error    text
);
CREATE INDEX timer_due ON synergyflow_workflows.timer (due_at, id);
CREATE INDEX timer_instance ON synergyflow_workflows.timer (instance_id);

-- External work.
CREATE TABLE synergyflow_workflows.job (
    id              uuid PRIMARY KEY,
    tenant_id       text NOT NULL DEFAULT '',
    instance_id     uuid NOT NULL,
    execution_id    uuid NOT NULL,
    definition_id   text NOT NULL,
    element_id      text NOT NULL,
    element_name    text,
    kind            smallint NOT NULL, -- 1 external worker
    topic           text NOT NULL,
    priority        integer NOT NULL DEFAULT 0,
    retries         integer NOT NULL DEFAULT 3,
    due_at          timestamptz, -- not before: a retry that waits
    lock_owner      text,
    lock_expires_at timestamptz,
    error_message   text,
    error_details   text,
    created_at      timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX job_topic ON synergyflow_workflows.job (topic, priority DESC, id)
    WHERE kind = 1 AND retries > 0;
CREATE INDEX job_instance ON synergyflow_workflows.job (instance_id);

CREATE TABLE synergyflow_workflows.event_subscription (
    id            uuid PRIMARY KEY,
    tenant_id     text NOT NULL DEFAULT '',
    instance_id   uuid NOT NULL,
    execution_id  uuid NOT NULL,
    definition_id text NOT NULL,
    element_id    text NOT NULL,
    event_type    text NOT NULL, -- message
    event_name    text NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX event_subscription_name ON synergyflow_workflows.event_subscription (event_type, event_name);
CREATE INDEX event_subscription_instance ON synergyflow_workflows.event_subscription (instance_id);
CREATE INDEX event_subscription_execution ON synergyflow_workflows.event_subscription (execution_id);

-- Append-only history: what each commit of an instance did.
CREATE TABLE synergyflow_workflows.journal (
    instance_id uuid NOT NULL,
    sequence    bigint NOT NULL,
    tenant_id   text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    changes     jsonb NOT NULL,
    PRIMARY KEY (instance_id, sequence)
);
