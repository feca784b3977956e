-- Incidents completed: major incidents with their children, watchers, time spent, priorities that
-- follow a matrix, hold reasons from a list, search by text, and the indexes of lists and dashboards.

ALTER TABLE synergyflow_incidents.incidents
    ADD COLUMN parent_id       text REFERENCES synergyflow_incidents.incidents (incident_id)
                               ON DELETE SET NULL,
    ADD COLUMN is_major        boolean NOT NULL DEFAULT false,
    ADD COLUMN priority_reason text CHECK (char_length(priority_reason) <= 1000), -- of an override
    ADD COLUMN search          tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', incident_id || ' ' || title), 'A')
        || to_tsvector('english', title)
        || to_tsvector('simple', coalesce(description, ''))
        || to_tsvector('english', coalesce(description, ''))
        || to_tsvector('english', coalesce(resolution, ''))) STORED,
    ADD CONSTRAINT incidents_parent CHECK (parent_id <> incident_id);

-- Reasons were free texts before. What stands there is kept where people read it.
INSERT INTO synergyflow_incidents.incident_worklogs
    (worklog_id, tenant_id, incident_id, author, body, created_at)
SELECT gen_random_uuid(), tenant_id, incident_id, 'engine', 'On hold: ' || hold_reason, now()
FROM synergyflow_incidents.incidents
WHERE hold_reason NOT IN ('AWAITING_CALLER', 'AWAITING_CHANGE', 'AWAITING_PROBLEM',
                          'AWAITING_VENDOR', 'AWAITING_EVIDENCE');
UPDATE synergyflow_incidents.incidents SET hold_reason = 'AWAITING_CALLER'
WHERE (status = 'ON_HOLD' AND hold_reason IS NULL)
   OR hold_reason NOT IN ('AWAITING_CALLER', 'AWAITING_CHANGE', 'AWAITING_PROBLEM',
                          'AWAITING_VENDOR', 'AWAITING_EVIDENCE');
UPDATE synergyflow_incidents.incidents SET hold_reason = NULL WHERE status <> 'ON_HOLD';
ALTER TABLE synergyflow_incidents.incidents
    ADD CONSTRAINT incidents_hold_reason CHECK (
        (status = 'ON_HOLD') = (hold_reason IS NOT NULL)
        AND hold_reason IN ('AWAITING_CALLER', 'AWAITING_CHANGE', 'AWAITING_PROBLEM',
                            'AWAITING_VENDOR', 'AWAITING_EVIDENCE'));

ALTER TABLE synergyflow_incidents.incident_worklogs
    ADD COLUMN seconds_spent integer NOT NULL DEFAULT 0
    CHECK (seconds_spent BETWEEN 0 AND 2592000);

CREATE TABLE synergyflow_incidents.incident_watchers (
    tenant_id   text NOT NULL DEFAULT '',
    incident_id text NOT NULL REFERENCES synergyflow_incidents.incidents (incident_id)
                ON DELETE CASCADE,
    user_id     text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 200),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (incident_id, user_id)
);
CREATE INDEX incident_watchers_user
    ON synergyflow_incidents.incident_watchers (tenant_id, user_id, incident_id);

-- Impact × urgency, 1 is high: what an organisation decided otherwise than the default, which is
-- the (impact + urgency - 1)th priority.
CREATE TABLE synergyflow_incidents.priority_matrix (
    tenant_id text NOT NULL DEFAULT '',
    impact    smallint NOT NULL CHECK (impact BETWEEN 1 AND 3),
    urgency   smallint NOT NULL CHECK (urgency BETWEEN 1 AND 3),
    priority  text NOT NULL
              CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'PLANNING')),
    PRIMARY KEY (tenant_id, impact, urgency)
);

-- ---- search ----
-- The text operator may leak what it compares, so that under row-level security no index serves it.
-- This function runs as the table's owner, asks for the tenant itself, and gives numbers only: the
-- newest that match, no more than a list counts. Its plan is made for the words at hand: a rare word
-- begins at the words' index, a common one at the newest incidents.
CREATE FUNCTION synergyflow_incidents.search_incidents(words text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog SET enable_bitmapscan = on AS $$
BEGIN
    RETURN QUERY EXECUTE
        'SELECT t.incident_id FROM synergyflow_incidents.incidents t'
        ' WHERE t.tenant_id = $1 AND t.search @@ $2 ORDER BY t.created_at DESC LIMIT 10001'
    USING coalesce(current_setting('app.tenant', true), ''),
          websearch_to_tsquery('simple', words) || websearch_to_tsquery('english', words);
END
$$;
REVOKE ALL ON FUNCTION synergyflow_incidents.search_incidents(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION synergyflow_incidents.search_incidents(text) TO synergyflow_incidents;
CREATE INDEX incidents_search ON synergyflow_incidents.incidents USING gin (search);

-- ---- lists: a page is a range of one of these ----
DROP INDEX synergyflow_incidents.incidents_status;
DROP INDEX synergyflow_incidents.incidents_assigned_to;
DROP INDEX synergyflow_incidents.incidents_sla_deadline;
DROP INDEX synergyflow_incidents.incidents_open_sla_deadline;
DROP INDEX synergyflow_incidents.incidents_created_at_status;
CREATE INDEX incidents_created_at
    ON synergyflow_incidents.incidents (tenant_id, created_at, incident_id);
CREATE INDEX incidents_updated_at
    ON synergyflow_incidents.incidents (tenant_id, updated_at, incident_id);
CREATE INDEX incidents_sla_deadline
    ON synergyflow_incidents.incidents (tenant_id, sla_deadline, incident_id);
CREATE INDEX incidents_status
    ON synergyflow_incidents.incidents (tenant_id, status, incident_id);
CREATE INDEX incidents_priority
    ON synergyflow_incidents.incidents (tenant_id, (CASE priority WHEN 'CRITICAL' THEN 1
        WHEN 'HIGH' THEN 2 WHEN 'MEDIUM' THEN 3 WHEN 'LOW' THEN 4 ELSE 5 END), incident_id);
CREATE INDEX incidents_assigned_to
    ON synergyflow_incidents.incidents (tenant_id, assigned_to, created_at, incident_id);
CREATE INDEX incidents_assignment_group
    ON synergyflow_incidents.incidents (tenant_id, assignment_group, created_at, incident_id);
CREATE INDEX incidents_caller
    ON synergyflow_incidents.incidents (tenant_id, caller, created_at, incident_id);
CREATE INDEX incidents_category
    ON synergyflow_incidents.incidents (tenant_id, category, created_at, incident_id);
CREATE INDEX incidents_unfinished
    ON synergyflow_incidents.incidents (tenant_id, created_at, incident_id)
    WHERE status NOT IN ('CLOSED', 'CANCELLED');
CREATE INDEX incidents_major
    ON synergyflow_incidents.incidents (tenant_id, created_at, incident_id) WHERE is_major;
CREATE INDEX incidents_children
    ON synergyflow_incidents.incidents (parent_id, incident_id) WHERE parent_id IS NOT NULL;

-- ---- dashboards: what they count stands in the index ----
CREATE INDEX incidents_at_work
    ON synergyflow_incidents.incidents
    (tenant_id, priority, assignment_group, created_at, sla_deadline, status)
    INCLUDE (assigned_to)
    WHERE status IN ('NEW', 'IN_PROGRESS', 'ON_HOLD');
CREATE INDEX incidents_breaching
    ON synergyflow_incidents.incidents (tenant_id, sla_deadline, incident_id)
    WHERE status IN ('NEW', 'IN_PROGRESS', 'ON_HOLD') AND sla_deadline IS NOT NULL;
CREATE INDEX incidents_resolved_at ON synergyflow_incidents.incidents (tenant_id, resolved_at)
    WHERE resolved_at IS NOT NULL;
CREATE INDEX incidents_closed_at ON synergyflow_incidents.incidents (tenant_id, closed_at)
    WHERE closed_at IS NOT NULL;

-- ---- rights and tenants of the new tables ----
GRANT SELECT, INSERT, UPDATE, DELETE
    ON synergyflow_incidents.incident_watchers, synergyflow_incidents.priority_matrix
    TO synergyflow_incidents;
DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['incident_watchers', 'priority_matrix'] LOOP
        EXECUTE format('ALTER TABLE synergyflow_incidents.%I ENABLE ROW LEVEL SECURITY',
                       tenant_table);
        EXECUTE format(
            'CREATE POLICY tenant ON synergyflow_incidents.%I'
            ' USING (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))'
            ' WITH CHECK (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))',
            tenant_table);
    END LOOP;
END
$$;
