-- Nodes that share the timers of one database, and what operators did by hand.

-- One row a running engine, written every second: who has been silent for a while is taken for dead,
-- and the others fire its timers. id: chosen anew at each start.
CREATE TABLE synergyflow_workflows.engine_node (
    id         uuid PRIMARY KEY,
    name       text NOT NULL, -- host and process id, for people
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Who moved, fired or discarded what, when and why: written in the transaction that did it, never
-- changed. target_id: the timer or job; details: what it was before and is after.
CREATE TABLE synergyflow_workflows.operator_action (
    id             uuid PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    at             timestamptz NOT NULL,
    actor          text,
    action         text NOT NULL,
    instance_id    uuid,
    target_id      uuid NOT NULL,
    element_id     text,
    details        jsonb NOT NULL,
    reason         text,
    correlation_id text
);
CREATE INDEX operator_action_at ON synergyflow_workflows.operator_action (at, id);
CREATE INDEX operator_action_instance ON synergyflow_workflows.operator_action (instance_id);
CREATE INDEX operator_action_target ON synergyflow_workflows.operator_action (target_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON synergyflow_workflows.engine_node TO synergyflow_engine;
GRANT SELECT, INSERT ON synergyflow_workflows.operator_action TO synergyflow_engine;
REVOKE UPDATE, DELETE, TRUNCATE ON synergyflow_workflows.operator_action FROM synergyflow_engine;

ALTER TABLE synergyflow_workflows.operator_action ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON synergyflow_workflows.operator_action
    USING (tenant_id = (SELECT coalesce(current_setting('app.tenant', true), '')))
    WITH CHECK (tenant_id = (SELECT coalesce(current_setting('app.tenant', true), '')));
