-- The audit trail: append-only, so its role may insert and read and nothing else.

CREATE SCHEMA synergyflow_audit;

CREATE TABLE synergyflow_audit.audit_events (
    event_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    entity_type    text NOT NULL, -- such as incidents.incidents
    entity_id      text NOT NULL,
    action         text NOT NULL CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')),
    occurred_at    timestamptz NOT NULL DEFAULT now(),
    user_id        text,
    correlation_id text,
    old_values     jsonb,
    new_values     jsonb
);

CREATE TABLE synergyflow_audit.policy_decisions (
    decision_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    policy         text NOT NULL,
    subject        text NOT NULL,
    action         text NOT NULL,
    resource       text NOT NULL,
    allowed        boolean NOT NULL,
    reason         text,
    decided_at     timestamptz NOT NULL DEFAULT now(),
    correlation_id text
);

REVOKE ALL ON SCHEMA synergyflow_audit FROM PUBLIC;
GRANT USAGE ON SCHEMA synergyflow_audit TO synergyflow_audit;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA synergyflow_audit TO synergyflow_audit;
