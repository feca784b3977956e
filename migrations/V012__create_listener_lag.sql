-- How far a listener is behind, for the freshness badge of reads: when the oldest event that still
-- waits for it was published, NULL when none waits. A function of the owner, because a module's role sees
-- its own schema only and may know the time, not the events. Partition by partition, so that each
-- look-up begins at its partition's lower bound and dead rows below cost nothing.

CREATE INDEX event_publication_waiting ON event_publication.event_publication
    (listener_id, partition, position) WHERE completion_date IS NULL AND dead_at IS NULL;

-- The few that wait for their next attempt: their aggregates are held back.
CREATE INDEX event_publication_retrying ON event_publication.event_publication
    (listener_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL AND completion_date IS NULL AND dead_at IS NULL;

CREATE FUNCTION event_publication.listener_lag(of_listener text) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT min(oldest.publication_date)
    FROM event_publication.listener_partition l
    CROSS JOIN LATERAL (
        SELECT p.publication_date FROM event_publication.event_publication p
        WHERE p.listener_id = l.listener_id AND p.partition = l.partition
          AND p.position >= l.read_from AND p.completion_date IS NULL AND p.dead_at IS NULL
        ORDER BY p.position LIMIT 1) oldest
    WHERE l.listener_id = of_listener
$$;
REVOKE ALL ON FUNCTION event_publication.listener_lag(text) FROM PUBLIC;
