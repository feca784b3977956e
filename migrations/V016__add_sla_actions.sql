-- What thresholds of SLA clocks set going: webhooks on their way, and escalation chains.

ALTER TABLE synergyflow_workflows.sla_document DROP CONSTRAINT sla_document_kind_check;
ALTER TABLE synergyflow_workflows.sla_document
    ADD CONSTRAINT sla_document_kind_check CHECK (kind IN ('policy', 'calendar', 'on_call'));

-- A request to another system. It is stored by the transaction that wants it and sent after that, until
-- it is answered with 2xx or given up. next_attempt_at: also until when a node that sends it has it to
-- itself.
CREATE TABLE synergyflow_workflows.webhook_delivery (
    id              uuid PRIMARY KEY, -- the receiver's webhook-id: the same for every attempt
    tenant_id       text NOT NULL DEFAULT '',
    url             text NOT NULL,
    event_type      text NOT NULL,
    payload         jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    attempts        smallint NOT NULL DEFAULT 0,
    next_attempt_at timestamptz, -- NULL: delivered, dead or discarded
    delivered_at    timestamptz,
    dead_at         timestamptz, -- given up: an operator decides
    discarded_at    timestamptz,
    status_code     smallint,    -- of the last answer
    last_error      text
) WITH (fillfactor = 85);
CREATE INDEX webhook_delivery_due ON synergyflow_workflows.webhook_delivery (next_attempt_at, id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_delivery_dead ON synergyflow_workflows.webhook_delivery (dead_at, id)
    WHERE dead_at IS NOT NULL;

-- A chain that a threshold has started; levels follow each other until somebody acknowledges, or the
-- clock is over.
CREATE TABLE synergyflow_workflows.sla_escalation (
    id              uuid PRIMARY KEY,
    tenant_id       text NOT NULL DEFAULT '',
    clock_id        uuid NOT NULL,
    subject_type    text NOT NULL,
    subject_id      text NOT NULL,
    policy_id       text NOT NULL,
    policy_version  bigint NOT NULL,
    chain           text NOT NULL,
    threshold       text NOT NULL,
    calendar        text NOT NULL,
    started_at      timestamptz NOT NULL,
    fired_levels    integer NOT NULL DEFAULT 0,
    acknowledged_at timestamptz,
    acknowledged_by text,
    ended_at        timestamptz, -- acknowledged, past the last level, or the clock is over
    next_due_at     timestamptz  -- of the next level; NULL: there is none
) WITH (fillfactor = 85);
CREATE INDEX sla_escalation_due ON synergyflow_workflows.sla_escalation (next_due_at, id)
    WHERE next_due_at IS NOT NULL;
CREATE INDEX sla_escalation_clock ON synergyflow_workflows.sla_escalation (clock_id);
CREATE INDEX sla_escalation_open ON synergyflow_workflows.sla_escalation (started_at, id)
    WHERE ended_at IS NULL;

-- A level fires once.
CREATE TABLE synergyflow_workflows.sla_escalation_level (
    escalation_id uuid NOT NULL,
    level         integer NOT NULL,
    tenant_id     text NOT NULL DEFAULT '',
    due_at        timestamptz NOT NULL,
    fired_at      timestamptz NOT NULL,
    recipients    jsonb NOT NULL,
    action        jsonb NOT NULL,
    PRIMARY KEY (escalation_id, level)
);

GRANT SELECT, INSERT, UPDATE ON synergyflow_workflows.webhook_delivery,
    synergyflow_workflows.sla_escalation TO synergyflow_engine;
GRANT SELECT, INSERT ON synergyflow_workflows.sla_escalation_level TO synergyflow_engine;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY
        ARRAY['webhook_delivery', 'sla_escalation', 'sla_escalation_level']
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
