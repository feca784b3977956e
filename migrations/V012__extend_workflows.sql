-- What the whole of BPMN needs beside the rows of V007: instances that call instances, jobs of the
-- engine's own, subscriptions of definitions, signals, correlation keys, and messages that came before
-- their receiver.

-- ---- instances that were called ----
ALTER TABLE synergyflow_workflows.process_instance
    ADD COLUMN caller_id uuid, -- the instance whose call activity waits for this one
    ADD COLUMN root_id   uuid; -- the outermost caller; NULL: itself
CREATE INDEX process_instance_caller ON synergyflow_workflows.process_instance (caller_id)
    WHERE caller_id IS NOT NULL;

ALTER TABLE synergyflow_workflows.process_definition ADD COLUMN version_tag text;
CREATE INDEX process_definition_tag
    ON synergyflow_workflows.process_definition (tenant_id, key, version_tag)
    WHERE version_tag IS NOT NULL;

-- ---- jobs ----
-- kind: 1 external worker; those of the engine: 2 continuation, 3 script, 4 signal to an instance,
-- 5 message to an instance, 6 an event that starts a process, 7 end of an instance that was called, 8 a
-- timer that starts a process. due_at of kind 2 and up: when to run it; 'infinity' when it is dead. The
-- payload is what the event carries.
ALTER TABLE synergyflow_workflows.job
    ALTER COLUMN instance_id DROP NOT NULL,
    ALTER COLUMN execution_id DROP NOT NULL,
    ADD COLUMN payload     jsonb,
    ADD COLUMN attempts    smallint NOT NULL DEFAULT 0,
    ADD COLUMN retry_cycle text,        -- of the element; NULL: the engine's default
    ADD COLUMN dead_at     timestamptz; -- given up: an operator decides
CREATE INDEX job_due ON synergyflow_workflows.job (due_at, id) WHERE kind > 1;
CREATE INDEX job_dead ON synergyflow_workflows.job (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX job_starts ON synergyflow_workflows.job (definition_id) WHERE instance_id IS NULL;

ALTER TABLE synergyflow_workflows.timer
    ADD COLUMN retry_cycle text,
    ADD COLUMN dead_at     timestamptz;
CREATE INDEX timer_dead ON synergyflow_workflows.timer (dead_at) WHERE dead_at IS NOT NULL;

-- ---- subscriptions ----
-- instance_id NULL: the event starts an instance of the definition. event_type: message, signal,
-- conditional, compensate. claimed: a message is on its way to it.
ALTER TABLE synergyflow_workflows.event_subscription
    ALTER COLUMN instance_id DROP NOT NULL,
    ALTER COLUMN execution_id DROP NOT NULL,
    ADD COLUMN definition_index smallint NOT NULL DEFAULT 0,
    ADD COLUMN correlation_key  text,
    ADD COLUMN claimed          boolean NOT NULL DEFAULT false;
CREATE INDEX event_subscription_starts ON synergyflow_workflows.event_subscription (definition_id)
    WHERE instance_id IS NULL;

-- ---- messages that came before their receiver ----
CREATE TABLE synergyflow_workflows.message_buffer (
    id              uuid PRIMARY KEY,
    tenant_id       text NOT NULL DEFAULT '',
    name            text NOT NULL,
    correlation_key text,
    business_key    text,
    message_id      text, -- the sender's: a second one of the same id is the same message
    variables       jsonb NOT NULL,
    received_at     timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX message_buffer_name ON synergyflow_workflows.message_buffer (name, id);
CREATE INDEX message_buffer_expires ON synergyflow_workflows.message_buffer (expires_at);

-- Ids of messages, kept as long as they live, so that the same one has its effect once.
CREATE TABLE synergyflow_workflows.message_seen (
    tenant_id  text NOT NULL DEFAULT '',
    name       text NOT NULL,
    message_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name, message_id)
);
CREATE INDEX message_seen_expires ON synergyflow_workflows.message_seen (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE
    ON synergyflow_workflows.message_buffer, synergyflow_workflows.message_seen
    TO synergyflow_engine;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['message_buffer', 'message_seen']
    LOOP
        EXECUTE format('ALTER TABLE synergyflow_workflows.%I ENABLE ROW LEVEL SECURITY',
                       tenant_table);
        EXECUTE format(
            'CREATE POLICY tenant ON synergyflow_workflows.%I'
            ' USING (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))'
            ' WITH CHECK (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))',
            tenant_table);
    END LOOP;
END
$$;
