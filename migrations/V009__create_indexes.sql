-- Indexes of the modules and of the outbox, the rights that reach across schemas, and row-level
-- security, now that every table is there.

-- ---- users ----
CREATE INDEX users_team ON synergyflow_users.users (team_id);

-- ---- incidents ----
CREATE INDEX incidents_status ON synergyflow_incidents.incidents (status);
CREATE INDEX incidents_assigned_to ON synergyflow_incidents.incidents (assigned_to);
CREATE INDEX incidents_sla_deadline ON synergyflow_incidents.incidents (sla_deadline);
CREATE INDEX incidents_open_sla_deadline ON synergyflow_incidents.incidents (status, sla_deadline)
    WHERE status NOT IN ('CLOSED', 'CANCELLED');
CREATE INDEX incidents_created_at_status
    ON synergyflow_incidents.incidents (created_at DESC, status);
CREATE INDEX incident_comments_incident
    ON synergyflow_incidents.incident_comments (incident_id, created_at);
CREATE INDEX incident_worklogs_incident
    ON synergyflow_incidents.incident_worklogs (incident_id, created_at);
CREATE INDEX task_projections_incident ON synergyflow_incidents.task_projections (incident_id);

-- ---- tasks ----
CREATE INDEX tasks_status ON synergyflow_tasks.tasks (status);
CREATE INDEX tasks_assigned_to ON synergyflow_tasks.tasks (assigned_to);
CREATE INDEX tasks_created_at_status ON synergyflow_tasks.tasks (created_at DESC, status);
CREATE INDEX tasks_incident ON synergyflow_tasks.tasks (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX tasks_project ON synergyflow_tasks.tasks (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX sprints_project ON synergyflow_tasks.sprints (project_id);
CREATE INDEX task_sprint_sprint ON synergyflow_tasks.task_sprint (sprint_id);
CREATE INDEX incident_projections_task ON synergyflow_tasks.incident_projections (task_id)
    WHERE task_id IS NOT NULL;

-- ---- changes ----
CREATE INDEX changes_status ON synergyflow_changes.changes (status);
CREATE INDEX changes_assigned_to ON synergyflow_changes.changes (assigned_to);
CREATE INDEX changes_risk ON synergyflow_changes.changes (risk);
CREATE INDEX changes_scheduled_date ON synergyflow_changes.changes (scheduled_date);
CREATE INDEX changes_created_at_status ON synergyflow_changes.changes (created_at DESC, status);
CREATE INDEX change_comments_change ON synergyflow_changes.change_comments (change_id, created_at);
CREATE INDEX change_calendar_starts_at ON synergyflow_changes.change_calendar (starts_at, ends_at);
CREATE INDEX change_calendar_change ON synergyflow_changes.change_calendar (change_id)
    WHERE change_id IS NOT NULL;

-- ---- knowledge ----
CREATE INDEX articles_status ON synergyflow_knowledge.articles (status);
CREATE INDEX articles_created_at_status ON synergyflow_knowledge.articles (created_at DESC, status);

-- ---- audit ----
CREATE INDEX audit_events_entity ON synergyflow_audit.audit_events (entity_type, entity_id);
CREATE INDEX audit_events_occurred_at ON synergyflow_audit.audit_events (occurred_at);
CREATE INDEX audit_events_user ON synergyflow_audit.audit_events (user_id, occurred_at DESC);
CREATE INDEX policy_decisions_decided_at ON synergyflow_audit.policy_decisions (decided_at);

-- ---- outbox ----
-- What waits, in the order in which a partition is read. Completed rows leave it.
CREATE INDEX event_publication_waiting
    ON event_publication.event_publication (listener_id, partition, position)
    WHERE completion_date IS NULL AND dead_at IS NULL;
-- Rows that wait for another attempt: the aggregates that their listener must leave alone until then.
CREATE INDEX event_publication_retrying
    ON event_publication.event_publication (listener_id, next_attempt_at)
    WHERE completion_date IS NULL AND dead_at IS NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX event_publication_dead ON event_publication.event_publication (dead_at)
    WHERE dead_at IS NOT NULL;
CREATE INDEX processed_events_processed_at ON event_publication.processed_events (processed_at);

-- When the oldest event that this listener has not processed yet was published; NULL when it has
-- seen everything: the freshness of reads. Partition by partition from the remembered lower bound, so
-- that its cost grows neither with the backlog nor with dead rows. A module's role may know the time, not
-- the events, so the function runs with its owner's rights.
CREATE FUNCTION event_publication.listener_lag(of_listener text) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT min(oldest.publication_date)
    FROM event_publication.listener_partition l
    CROSS JOIN LATERAL (
        SELECT p.publication_date
        FROM event_publication.event_publication p
        WHERE p.listener_id = l.listener_id AND p.partition = l.partition
          AND p.position >= l.read_from AND p.completion_date IS NULL AND p.dead_at IS NULL
        ORDER BY p.position LIMIT 1) AS oldest
    WHERE l.listener_id = of_listener
$$;

-- ---- rights ----
REVOKE ALL ON SCHEMA synergyflow_workflows, event_publication FROM PUBLIC;

GRANT USAGE ON SCHEMA synergyflow_workflows, event_publication TO synergyflow_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synergyflow_workflows
    TO synergyflow_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA event_publication
    TO synergyflow_engine;

-- A module publishes and remembers what it has processed; it reads nobody's events.
GRANT USAGE ON SCHEMA event_publication
    TO synergyflow_users, synergyflow_incidents, synergyflow_tasks, synergyflow_changes,
       synergyflow_knowledge, synergyflow_audit;
GRANT INSERT ON event_publication.event_publication
    TO synergyflow_users, synergyflow_incidents, synergyflow_tasks, synergyflow_changes,
       synergyflow_knowledge, synergyflow_audit;
GRANT SELECT, INSERT ON event_publication.processed_events
    TO synergyflow_users, synergyflow_incidents, synergyflow_tasks, synergyflow_changes,
       synergyflow_knowledge, synergyflow_audit;

REVOKE ALL ON FUNCTION event_publication.listener_lag(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_publication.listener_lag(text)
    TO synergyflow_engine, synergyflow_users, synergyflow_incidents, synergyflow_tasks,
       synergyflow_changes, synergyflow_knowledge, synergyflow_audit;

-- The engine checks at its start that the schema is the one it was built for.
DO $$
BEGIN
    IF to_regclass('public.flyway_schema_history') IS NOT NULL THEN
        GRANT SELECT ON public.flyway_schema_history TO synergyflow_engine;
    END IF;
END
$$;

-- Every statement of the engine is a look-up by index. A plan made while a table was still empty, or
-- not yet analysed (the policies below then look far more selective than they are), would read all
-- of it, and a prepared statement would keep that plan while the table grows. Compiling such short
-- statements costs more than running them. Settings of the role hold behind a pooler too.
DO $$
BEGIN
    ALTER ROLE synergyflow_engine SET enable_seqscan = off;
    ALTER ROLE synergyflow_engine SET enable_hashjoin = off;
    ALTER ROLE synergyflow_engine SET enable_mergejoin = off;
    ALTER ROLE synergyflow_engine SET enable_material = off;
    ALTER ROLE synergyflow_engine SET enable_bitmapscan = off;
    ALTER ROLE synergyflow_engine SET jit = off;
EXCEPTION WHEN internal_error THEN
    NULL; -- another database of the cluster is setting the same at this moment
END
$$;

-- ---- row-level security ----
-- On every table with a tenant. Without app.tenant (SET LOCAL) the tenant is '', the only one of a
-- single-tenant installation. The scalar sub-select is evaluated once a statement, not once a row.
DO $$
DECLARE
    tenant_table regclass;
BEGIN
    FOR tenant_table IN
        SELECT c.oid::regclass
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relkind IN ('r', 'p')
          AND (n.nspname LIKE 'synergyflow\_%' OR n.nspname = 'event_publication')
        ORDER BY 1
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY tenant ON %s'
            ' USING (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))'
            ' WITH CHECK (tenant_id = (SELECT coalesce(current_setting(''app.tenant'', true), '''')))',
            tenant_table);
    END LOOP;
END
$$;
