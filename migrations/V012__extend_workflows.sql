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

-- ---- Flowable's views: who called an instance, and timers that are still to fire ----
CREATE OR REPLACE VIEW flowable.act_hi_procinst WITH (security_invoker = true) AS
SELECT i.id::varchar(64) AS id_, i.revision::integer AS rev_, i.id::varchar(64) AS proc_inst_id_,
       i.business_key::varchar(255) AS business_key_, i.definition_id::varchar(255) AS proc_def_id_,
       i.started_at AT TIME ZONE 'UTC' AS start_time_, i.ended_at AT TIME ZONE 'UTC' AS end_time_,
       (extract(epoch FROM i.ended_at - i.started_at) * 1000)::bigint AS duration_,
       i.start_user_id::varchar(255) AS start_user_id_, NULL::varchar(255) AS start_act_id_,
       i.end_element_id::varchar(255) AS end_act_id_, i.caller_id::varchar(64) AS super_process_instance_id_,
       i.delete_reason::varchar(4000) AS delete_reason_, i.tenant_id::varchar(255) AS tenant_id_,
       i.name::varchar(255) AS name_, NULL::varchar(255) AS callback_id_,
       NULL::varchar(255) AS callback_type_, NULL::varchar(255) AS reference_id_,
       NULL::varchar(255) AS reference_type_, NULL::varchar(255) AS propagated_stage_inst_id_,
       NULL::varchar(255) AS business_status_
FROM synergyflow_workflows.process_instance i;

CREATE OR REPLACE VIEW flowable.act_ru_timer_job WITH (security_invoker = true) AS
SELECT t.id::varchar(64) AS id_, 1 AS rev_, NULL::varchar(255) AS category_,
       'timer'::varchar(255) AS type_, NULL::timestamp AS lock_exp_time_,
       NULL::varchar(255) AS lock_owner_, true AS exclusive_,
       t.execution_id::varchar(64) AS execution_id_,
       t.instance_id::varchar(64) AS process_instance_id_,
       t.definition_id::varchar(255) AS proc_def_id_, t.element_id::varchar(255) AS element_id_,
       NULL::varchar(255) AS element_name_, NULL::varchar(255) AS scope_id_,
       NULL::varchar(255) AS sub_scope_id_, NULL::varchar(255) AS scope_type_,
       NULL::varchar(255) AS scope_definition_id_, NULL::varchar(255) AS correlation_id_,
       3 - t.attempts AS retries_, NULL::varchar(64) AS exception_stack_id_,
       t.last_error::varchar(4000) AS exception_msg_, t.due_at AT TIME ZONE 'UTC' AS duedate_,
       t.repeat::varchar(255) AS repeat_, 'trigger-timer'::varchar(255) AS handler_type_,
       (jsonb_build_object('activityId', t.element_id))::varchar(4000) AS handler_cfg_,
       NULL::varchar(64) AS custom_values_id_, t.created_at AT TIME ZONE 'UTC' AS create_time_,
       t.tenant_id::varchar(255) AS tenant_id_
FROM synergyflow_workflows.timer t WHERE t.dead_at IS NULL;
