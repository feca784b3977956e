-- Reports about SLA clocks: who had them (attainment by team and priority), recalculations of many
-- at once, and rows of long closed subjects that leave.

-- Of the subject, as it was when the clock closed; of an open one, as it is.
ALTER TABLE synergyflow_workflows.sla_clock
    ADD COLUMN team text NOT NULL DEFAULT '',
    ADD COLUMN priority text NOT NULL DEFAULT '';

UPDATE synergyflow_workflows.sla_clock c
    SET team = coalesce(s.fields ->> 'assignmentGroup', ''),
        priority = coalesce(s.fields ->> 'priority', '')
    FROM synergyflow_workflows.sla_subject s
    WHERE s.tenant_id = c.tenant_id AND s.type = c.subject_type AND s.id = c.subject_id;

-- Closed clocks never change: attainment reads this index and not the rows, however many there are.
CREATE INDEX sla_clock_attainment ON synergyflow_workflows.sla_clock (started_at)
    INCLUDE (tenant_id, policy_id, target, subject_type, team, priority, state, breached_at)
    WHERE closed_at IS NOT NULL;
-- Open ones, in the order in which a recalculation visits their subjects.
CREATE INDEX sla_clock_open ON synergyflow_workflows.sla_clock (subject_type, subject_id)
    WHERE closed_at IS NULL;

-- For reports of past subjects, and for what leaves.
CREATE INDEX sla_change_at ON synergyflow_workflows.sla_change (at, id);
CREATE INDEX sla_firing_fired ON synergyflow_workflows.sla_firing (fired_at, id);

-- A recalculation of all open clocks in a scope. Its batches are transactions that lock this row,
-- and move done_type and done_id, the last subject: any node goes on where another one ended.
CREATE TABLE synergyflow_workflows.sla_recalculation (
    id            uuid PRIMARY KEY,
    tenant_id     text NOT NULL DEFAULT '',
    policy        text NOT NULL, -- '': any
    calendar      text NOT NULL, -- '': any
    started_from  timestamptz,   -- only clocks that started then or later
    dry_run       boolean NOT NULL,
    state         text NOT NULL CHECK (state IN ('running', 'done')),
    requested_by  text,
    requested_at  timestamptz NOT NULL,
    finished_at   timestamptz,
    done_type     text NOT NULL DEFAULT '',
    done_id       text NOT NULL DEFAULT '',
    subject_count bigint NOT NULL DEFAULT 0,
    clock_count   bigint NOT NULL DEFAULT 0,
    moved_count   bigint NOT NULL DEFAULT 0, -- clocks whose deadline or breach is another
    failed_count  bigint NOT NULL DEFAULT 0  -- subjects
);
-- One at a time for each scope.
CREATE UNIQUE INDEX sla_recalculation_running
    ON synergyflow_workflows.sla_recalculation (tenant_id, policy, calendar)
    WHERE state = 'running';

-- Before and after of each open clock; problem: why its subject was left as it is.
CREATE TABLE synergyflow_workflows.sla_recalculation_clock (
    recalculation_id   uuid NOT NULL
        REFERENCES synergyflow_workflows.sla_recalculation (id) ON DELETE CASCADE,
    n                  bigint NOT NULL, -- in the order of the visit
    tenant_id          text NOT NULL DEFAULT '',
    clock_id           uuid,
    subject_type       text NOT NULL,
    subject_id         text NOT NULL,
    target             text NOT NULL,
    policy_before      text NOT NULL,
    policy_after       text NOT NULL,
    deadline_before    timestamptz,
    deadline_after     timestamptz,
    breached_at_before timestamptz,
    breached_at_after  timestamptz,
    moved              boolean NOT NULL,
    problem            text,
    PRIMARY KEY (recalculation_id, n)
);

GRANT DELETE ON synergyflow_workflows.sla_change, synergyflow_workflows.sla_firing
    TO synergyflow_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON synergyflow_workflows.sla_recalculation,
    synergyflow_workflows.sla_recalculation_clock TO synergyflow_engine;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['sla_recalculation', 'sla_recalculation_clock']
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
