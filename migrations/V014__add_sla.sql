-- SLA clocks: documents (policies, calendars), what is known of subjects, clocks and what fired.

-- Versions of policies, calendars and on-call schedules; a version is never changed. valid_from: of
-- calendars, from when on its working time counts.
CREATE TABLE synergyflow_workflows.sla_document (
    id         uuid PRIMARY KEY,
    tenant_id  text NOT NULL DEFAULT '',
    kind       text NOT NULL CHECK (kind IN ('policy', 'calendar')),
    name       text NOT NULL,
    version    bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text,
    UNIQUE (tenant_id, kind, name, version)
);

-- The fields that conditions look at. The row is locked while clocks of the subject change.
CREATE TABLE synergyflow_workflows.sla_subject (
    tenant_id  text NOT NULL DEFAULT '',
    type       text NOT NULL,
    id         text NOT NULL,
    fields     jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, type, id)
);

-- What the fields were from `at` on: for clocks that start in the past.
CREATE TABLE synergyflow_workflows.sla_change (
    id         uuid PRIMARY KEY,
    tenant_id  text NOT NULL DEFAULT '',
    type       text NOT NULL,
    subject_id text NOT NULL,
    at         timestamptz NOT NULL,
    actor      text,
    fields     jsonb NOT NULL
);
CREATE INDEX sla_change_subject ON synergyflow_workflows.sla_change (type, subject_id, at);

-- clock: intervals, cycles, targets, marks and what fired; the columns beside it are derived from it
-- whenever it is written, for lists and for the next look.
CREATE TABLE synergyflow_workflows.sla_clock (
    id             uuid PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    subject_type   text NOT NULL,
    subject_id     text NOT NULL,
    policy_id      text NOT NULL,
    policy_version bigint NOT NULL,
    target         text NOT NULL,
    calendar       text NOT NULL,
    state          text NOT NULL,
    clock          jsonb NOT NULL,
    started_at     timestamptz NOT NULL,
    closed_at      timestamptz,
    deadline_at    timestamptz, -- NULL: paused, it floats
    breached_at    timestamptz, -- when it was, or will be as things stand
    next_due_at    timestamptz  -- of the next threshold; NULL: none is to come
);
CREATE INDEX sla_clock_subject ON synergyflow_workflows.sla_clock (subject_type, subject_id);
CREATE INDEX sla_clock_due ON synergyflow_workflows.sla_clock (next_due_at, id)
    WHERE next_due_at IS NOT NULL;
CREATE INDEX sla_clock_calendar ON synergyflow_workflows.sla_clock (calendar, id)
    WHERE closed_at IS NULL;

-- A threshold fires once in a cycle and for a target: the key says so.
CREATE TABLE synergyflow_workflows.sla_firing (
    id             uuid PRIMARY KEY,
    tenant_id      text NOT NULL DEFAULT '',
    clock_id       uuid NOT NULL,
    threshold      text NOT NULL,
    cycle          int NOT NULL,
    generation     int NOT NULL,
    due_at         timestamptz NOT NULL,
    fired_at       timestamptz NOT NULL,
    late_by_design boolean NOT NULL,
    actions        jsonb NOT NULL,
    UNIQUE (clock_id, cycle, generation, threshold)
);

GRANT SELECT, INSERT ON synergyflow_workflows.sla_document, synergyflow_workflows.sla_change,
    synergyflow_workflows.sla_firing TO synergyflow_engine;
GRANT SELECT, INSERT, UPDATE ON synergyflow_workflows.sla_subject, synergyflow_workflows.sla_clock
    TO synergyflow_engine;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY
        ARRAY['sla_document', 'sla_subject', 'sla_change', 'sla_clock', 'sla_firing']
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
