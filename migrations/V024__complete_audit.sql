-- The audit trail records every change of every module's rows, by whoever makes it, in the changing
-- transaction (docs/audit.md). Triggers of whole statements write the rows; the engine seals them from
-- outside, in batches that it chains with a key which the database never sees.
--
-- Who: the engine says in the transaction's setting synergyflow.actor in whose name it acts (decision
-- 0012). Without it the database's role is who did it. database_role is the login in either case.
-- transaction_id tells the sealer which rows a snapshot has seen and which come later.

-- json, not jsonb: what is sealed is the text, and reading it back costs nothing.
ALTER TABLE synergyflow_audit.audit_events
    ALTER COLUMN old_values TYPE json,
    ALTER COLUMN new_values TYPE json,
    ALTER COLUMN occurred_at SET DEFAULT clock_timestamp(),
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN database_role text NOT NULL DEFAULT session_user;

CREATE INDEX audit_events_transaction ON synergyflow_audit.audit_events (transaction_id, event_id);

-- One keyset index for each way of asking.
DROP INDEX synergyflow_audit.audit_events_entity;
DROP INDEX synergyflow_audit.audit_events_user;
DROP INDEX synergyflow_audit.audit_events_occurred_at;
CREATE INDEX audit_events_entity ON synergyflow_audit.audit_events (entity_id, event_id);
CREATE INDEX audit_events_user ON synergyflow_audit.audit_events (user_id, event_id);
CREATE INDEX audit_events_correlation ON synergyflow_audit.audit_events (correlation_id, event_id)
    WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_events_occurred_at ON synergyflow_audit.audit_events (occurred_at, event_id);

ALTER TABLE synergyflow_audit.policy_decisions
    ALTER COLUMN decided_at SET DEFAULT clock_timestamp();
DROP INDEX synergyflow_audit.policy_decisions_decided_at;
CREATE INDEX policy_decisions_decided_at
    ON synergyflow_audit.policy_decisions (decided_at, decision_id);
CREATE INDEX policy_decisions_subject
    ON synergyflow_audit.policy_decisions (subject, decision_id);

-- A seal covers the rows that its snapshot sees and the one before it did not, in the order of
-- (transaction_id, event_id): whatever a transaction waits for, its rows are in exactly one seal. Many
-- rows make several seals with one snapshot, which end at (last_transaction, last_event). leaves has 40
-- bytes a row, event id and SHA-256, so that the altered one can be named; root is their Merkle root
-- (RFC 6962), and chain the HMAC-SHA256 of all this and of the chain before.
CREATE TABLE synergyflow_audit.audit_seals (
    seal_id          bigint PRIMARY KEY CHECK (seal_id > 0), -- without gaps
    sealed_at        timestamptz NOT NULL,
    snapshot         pg_snapshot NOT NULL,
    is_last          boolean NOT NULL, -- of this snapshot's seals
    row_count        integer NOT NULL CHECK (row_count > 0),
    last_transaction xid8 NOT NULL,
    last_event       bigint NOT NULL,
    leaves           bytea NOT NULL CHECK (octet_length(leaves) = 40 * row_count),
    root             bytea NOT NULL CHECK (octet_length(root) = 32),
    key_id           text NOT NULL,
    chain            bytea NOT NULL CHECK (octet_length(chain) = 32)
);
ALTER TABLE synergyflow_audit.audit_seals ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX audit_seals_sealed_at ON synergyflow_audit.audit_seals (sealed_at);

-- ---- append-only ----
-- Rows come from the triggers below, which have the owner's rights. Seals and decisions come from the
-- engine in its own role, which sees every tenant's rows: a chain for each tenant would show the others'
-- pace. The module's role reads its tenant's, for the API. Nobody changes any; whoever owns the tables
-- meets a trigger first, and the seals then.
REVOKE INSERT ON ALL TABLES IN SCHEMA synergyflow_audit FROM synergyflow_audit;
GRANT SELECT ON synergyflow_audit.audit_seals TO synergyflow_audit;
GRANT USAGE ON SCHEMA synergyflow_audit TO synergyflow_engine;
GRANT SELECT ON synergyflow_audit.audit_events TO synergyflow_engine;
GRANT SELECT, INSERT ON synergyflow_audit.audit_seals TO synergyflow_engine;
GRANT INSERT ON synergyflow_audit.policy_decisions TO synergyflow_engine;
CREATE POLICY sealing ON synergyflow_audit.audit_events FOR SELECT TO synergyflow_engine USING (true);
CREATE POLICY deciding ON synergyflow_audit.policy_decisions FOR INSERT TO synergyflow_engine
    WITH CHECK (true);

CREATE FUNCTION synergyflow_audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Expected % to be only added to but found a %.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON synergyflow_audit.audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION synergyflow_audit.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON synergyflow_audit.policy_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION synergyflow_audit.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON synergyflow_audit.audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION synergyflow_audit.refuse_change();

-- ---- who ----
-- synergyflow.actor is {"user": …, "correlation": …}, or for statements that carry out what several asked
-- for {"by": column, "rows": {value of the column: [user, correlation]}, "strict": …}, where a table without
-- such a column has its entity_id instead. A row that strict
-- finds nobody for fails the transaction, and the engine makes the calls apart.
CREATE FUNCTION synergyflow_audit.nobody(actor jsonb, value text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF (actor ->> 'strict')::boolean THEN
        RAISE EXCEPTION 'Expected every changed row to be of one of the calls by its % but found "%".',
            actor ->> 'by', value
            USING ERRCODE = 'SFA01';
    END IF;
    RETURN NULL;
END
$$;

-- ---- what ----
-- The columns that a table's functions were written for; they look it up, and write whole rows when it
-- has others by now.
CREATE FUNCTION synergyflow_audit.columns_of(watched regclass) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(a.attname, ',' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = watched AND a.attnum > 0 AND NOT a.attisdropped
$$;

CREATE FUNCTION synergyflow_audit.record_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor jsonb := nullif(current_setting('synergyflow.actor', true), '')::jsonb;
BEGIN
    INSERT INTO synergyflow_audit.audit_events (entity_type, entity_id, action, user_id,
        correlation_id)
    VALUES (TG_ARGV[0], '*', 'TRUNCATE', coalesce(actor ->> 'user', session_user),
        actor ->> 'correlation');
    RETURN NULL;
END
$$;

-- Attaches the triggers to a table, or writes them anew after its columns have changed. A later
-- migration that adds a table to a module's schema ends with SELECT synergyflow_audit.watch('…'). What
-- a table is called here: its schema without synergyflow_, a dot, its name.
CREATE FUNCTION synergyflow_audit.watch(watched regclass) RETURNS void LANGUAGE plpgsql AS $watch$
DECLARE
    entity_type text;
    function_name text;
    key_columns text[];
    all_columns text := synergyflow_audit.columns_of(watched);
    row_of text; -- the columns that are stored, from alias r
    changed_old text;
    changed_new text;
    changed_any text;
    has_tenant boolean;
    key_of text;
    same_key text;
    asked_of text; -- the value of the column that the actor's "by" names, from an alias
    prologue text;
    insert_into constant text := 'INSERT INTO synergyflow_audit.audit_events (tenant_id, entity_type,'
        ' entity_id, action, occurred_at, user_id, correlation_id, old_values, new_values)';
    operation text;
    recorded text;
    body text;
BEGIN
    SELECT regexp_replace(n.nspname, '^synergyflow_', '') || '.' || c.relname,
           'record_' || regexp_replace(n.nspname, '^synergyflow_', '') || '_' || c.relname
    INTO entity_type, function_name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = watched;

    SELECT array_agg(a.attname::text ORDER BY k.n) INTO key_columns
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = watched AND i.indisprimary;
    IF key_columns IS NULL THEN
        RAISE EXCEPTION 'Expected % to have a primary key, which names its rows in the audit trail.',
            watched;
    END IF;

    SELECT string_agg(format('''/'' || %%1$s.%I::text', c), ' || ' ORDER BY n),
           string_agg(format('o.%1$I = n.%1$I', c), ' AND ' ORDER BY n)
    INTO key_of, same_key
    FROM unnest(key_columns) WITH ORDINALITY AS k (c, n);
    key_of := substr(key_of, 8); -- no slash in front

    SELECT 'CASE actor ->> ''by''' || string_agg(format(' WHEN %L THEN %%1$s.%I::text', a.attname,
                                                        a.attname), '' ORDER BY a.attnum)
        || ' ELSE ' || key_of || ' END'
    INTO asked_of
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = watched AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.attname ~ '_id$' OR a.attname = ANY (key_columns));

    -- Generated columns repeat what the others say. Some types know no equality; their texts do.
    SELECT string_agg(format('r.%I', a.attname), ', ' ORDER BY a.attnum),
           string_agg(format('CASE WHEN o.%1$I%2$s IS DISTINCT FROM n.%1$I%2$s'
                             ' THEN '',%3$s:'' || coalesce(to_json(o.%1$I)::text, ''null'') END',
                             a.attname, cast_to, replace(to_json(a.attname)::text, '''', '''''')),
                      ', ' ORDER BY a.attnum),
           string_agg(format('CASE WHEN o.%1$I%2$s IS DISTINCT FROM n.%1$I%2$s'
                             ' THEN '',%3$s:'' || coalesce(to_json(n.%1$I)::text, ''null'') END',
                             a.attname, cast_to, replace(to_json(a.attname)::text, '''', '''''')),
                      ', ' ORDER BY a.attnum),
           string_agg(format('o.%1$I%2$s IS DISTINCT FROM n.%1$I%2$s', a.attname, cast_to),
                      ' OR ' ORDER BY a.attnum),
           bool_or(a.attname = 'tenant_id')
    INTO row_of, changed_old, changed_new, changed_any, has_tenant
    FROM pg_catalog.pg_attribute a
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.atttypid IN ('json'::regtype, 'xml'::regtype, 'point'::regtype,
                                        'polygon'::regtype, 'line'::regtype)
                    THEN '::text' ELSE '' END) AS t (cast_to)
    WHERE a.attrelid = watched AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';

    -- concat() takes a hundred arguments.
    IF array_length(string_to_array(all_columns, ','), 1) > 95 THEN
        RAISE EXCEPTION 'Expected % to have 95 columns at most.', watched;
    END IF;

    prologue := format($body$
DECLARE
    actor jsonb := nullif(current_setting('synergyflow.actor', true), '')::jsonb;
    by_row boolean := coalesce(actor ? 'rows', false);
    people jsonb := actor -> 'rows';
    as_written boolean := synergyflow_audit.columns_of(TG_RELID) = %L;
BEGIN
$body$, all_columns);

    FOREACH operation IN ARRAY ARRAY['INSERT', 'DELETE'] LOOP
        recorded := format($body$
        %1$s
        SELECT %2$s, %3$L, %4$s, %5$L, clock_timestamp(),
            coalesce(CASE WHEN by_row THEN w.who ->> 0 ELSE actor ->> 'user' END, session_user),
            CASE WHEN by_row THEN w.who ->> 1 ELSE actor ->> 'correlation' END, %6$s
        FROM (SELECT r.*, %%s AS audited FROM changed_rows r OFFSET 0) AS n
        CROSS JOIN LATERAL (SELECT CASE WHEN by_row THEN %%s END) AS v (value)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN by_row THEN coalesce(people -> v.value,
                synergyflow_audit.nobody(actor, v.value)) END) AS w (who);
$body$, insert_into, CASE WHEN has_tenant THEN 'n.tenant_id' ELSE quote_literal('') END, entity_type,
            format(key_of, 'n'), operation,
            CASE operation WHEN 'INSERT' THEN 'NULL, n.audited' ELSE 'n.audited, NULL' END);
        body := prologue || '    IF as_written THEN'
            || format(recorded, format('(SELECT row_to_json(s) FROM (SELECT %s) AS s)', row_of),
                      format(asked_of, 'n'))
            || '    ELSE' || format(recorded, 'row_to_json(r)', 'n.audited ->> (actor ->> ''by'')')
            || E'    END IF;\n    RETURN NULL;\nEND\n';
        EXECUTE format('CREATE OR REPLACE FUNCTION synergyflow_audit.%I() RETURNS trigger'
                       ' LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp'
                       ' AS %L', function_name || '_' || lower(operation), body);
    END LOOP;

    -- A full join pairs rows by their key with a sort or a hash, never by comparing all with all; a row
    -- whose key has changed is one that went and one that came.
    body := prologue || format($body$
    IF as_written THEN
        %1$s
        SELECT %2$s, %3$L, coalesce(%4$s, %5$s),
            CASE WHEN n IS NULL THEN 'DELETE' WHEN o IS NULL THEN 'INSERT' ELSE 'UPDATE' END,
            clock_timestamp(),
            coalesce(CASE WHEN by_row THEN w.who ->> 0 ELSE actor ->> 'user' END, session_user),
            CASE WHEN by_row THEN w.who ->> 1 ELSE actor ->> 'correlation' END,
            CASE WHEN o IS NULL THEN NULL
                 ELSE ('{' || substr(concat(%6$s), 2) || '}')::json END,
            CASE WHEN n IS NULL THEN NULL
                 ELSE ('{' || substr(concat(%7$s), 2) || '}')::json END
        FROM old_rows o FULL JOIN new_rows n ON %8$s
        CROSS JOIN LATERAL (
            SELECT CASE WHEN by_row THEN coalesce(%10$s, %11$s) END) AS v (value)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN by_row THEN coalesce(people -> v.value,
                synergyflow_audit.nobody(actor, v.value)) END) AS w (who)
        WHERE %9$s;
        RETURN NULL;
    END IF;
    %1$s
    SELECT %2$s, %3$L, coalesce(%4$s, %5$s), 'UPDATE', clock_timestamp(),
        coalesce(CASE WHEN by_row THEN w.who ->> 0 ELSE actor ->> 'user' END, session_user),
        CASE WHEN by_row THEN w.who ->> 1 ELSE actor ->> 'correlation' END,
        row_to_json(o), row_to_json(n)
    FROM old_rows o FULL JOIN new_rows n ON %8$s
    CROSS JOIN LATERAL (
        SELECT CASE WHEN by_row
               THEN coalesce(row_to_json(n), row_to_json(o)) ->> (actor ->> 'by') END) AS v (value)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN by_row THEN coalesce(people -> v.value,
            synergyflow_audit.nobody(actor, v.value)) END) AS w (who);
    RETURN NULL;
END
$body$, insert_into, CASE WHEN has_tenant THEN 'coalesce(n.tenant_id, o.tenant_id)' ELSE '''''' END,
        entity_type, format(key_of, 'n'), format(key_of, 'o'), changed_old, changed_new, same_key,
        changed_any, format(asked_of, 'n'), format(asked_of, 'o'));
    EXECUTE format('CREATE OR REPLACE FUNCTION synergyflow_audit.%I() RETURNS trigger'
                   ' LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp'
                   ' AS %L', function_name || '_update', body);

    EXECUTE format('CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON %s'
                   ' REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION synergyflow_audit.%I()', watched, function_name || '_insert');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_delete AFTER DELETE ON %s'
                   ' REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION synergyflow_audit.%I()', watched, function_name || '_delete');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_update AFTER UPDATE ON %s'
                   ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION synergyflow_audit.%I()', watched, function_name || '_update');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_truncate AFTER TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION synergyflow_audit.record_truncate(%L)',
                   watched, entity_type);
END
$watch$;

-- Tables of the modules that are not watched, or whose columns have changed since: the engine says so
-- at its start, and a test finds none.
CREATE FUNCTION synergyflow_audit.unwatched() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('synergyflow_users', 'synergyflow_incidents', 'synergyflow_changes',
                        'synergyflow_knowledge', 'synergyflow_tasks')
      AND c.relkind IN ('r', 'p')
      AND (SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
           WHERE t.tgrelid = c.oid AND t.tgenabled IN ('O', 'A')
             AND t.tgname IN ('audit_insert', 'audit_delete', 'audit_update', 'audit_truncate')
             AND (t.tgname = 'audit_truncate'
                  OR position(quote_literal(synergyflow_audit.columns_of(c.oid)) IN p.prosrc) > 0)
          ) < 4
    ORDER BY 1
$$;

DO $$
DECLARE
    module_table regclass;
BEGIN
    FOR module_table IN
        SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('synergyflow_users', 'synergyflow_incidents', 'synergyflow_changes',
                            'synergyflow_knowledge', 'synergyflow_tasks')
          AND c.relkind IN ('r', 'p')
        ORDER BY n.nspname, c.relname
    LOOP
        PERFORM synergyflow_audit.watch(module_table);
    END LOOP;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA synergyflow_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION synergyflow_audit.unwatched() TO synergyflow_engine;
