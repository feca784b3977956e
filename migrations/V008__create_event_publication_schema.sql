-- The transactional outbox. The first six columns of event_publication are Spring Modulith's; one row
-- for each listener of an event. position gives publication order; partition is the hash of the
-- aggregate, the unit in which nodes share a listener's work.

CREATE SCHEMA event_publication;

CREATE TABLE event_publication.event_publication (
    id               uuid NOT NULL,
    listener_id      text NOT NULL,
    event_type       text NOT NULL,
    serialized_event text NOT NULL,
    publication_date timestamptz NOT NULL,
    completion_date  timestamptz, -- null until processed
    event_id         uuid NOT NULL, -- the same for every listener's row
    aggregate_id     text NOT NULL,
    correlation_id   text,
    tenant_id        text NOT NULL DEFAULT '',
    partition        smallint NOT NULL,
    position         bigint GENERATED ALWAYS AS IDENTITY,
    attempts         smallint NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz,
    dead_at          timestamptz, -- gave up: a dead letter
    last_error       text,
    PRIMARY KEY (id)
) WITH (fillfactor = 80,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

-- One row for each partition of each listener: whoever holds its lock reads the partition.
-- read_from is a lower bound of the positions not yet completed: reading starts there, so that dead
-- rows below it cost nothing while an old snapshot keeps them.
CREATE TABLE event_publication.listener_partition (
    listener_id text NOT NULL,
    partition   smallint NOT NULL,
    read_from   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (listener_id, partition)
) WITH (fillfactor = 50);

CREATE TABLE event_publication.processed_events (
    idempotency_key text PRIMARY KEY, -- listener id and event id
    processed_at    timestamptz NOT NULL DEFAULT now()
);
