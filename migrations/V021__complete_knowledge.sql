-- Knowledge complete: the text that is worked on beside the versions that were kept, review and expiry,
-- votes counted on the article, full-text search, and which incidents an article was used for.

ALTER TABLE synergyflow_knowledge.articles
    ADD COLUMN summary text CHECK (char_length(summary) <= 2000),
    ADD COLUMN keywords text CHECK (char_length(keywords) <= 1000),
    ADD COLUMN body text NOT NULL DEFAULT '' CHECK (char_length(body) <= 200000),
    ADD COLUMN reviewer text CHECK (char_length(reviewer) <= 200),
    ADD COLUMN review_group text CHECK (char_length(review_group) <= 200),
    ADD COLUMN submitted_by text,
    ADD COLUMN review_due_at timestamptz,
    ADD COLUMN review_reminded_at timestamptz,
    ADD COLUMN review_escalated_at timestamptz,
    ADD COLUMN review_comment text CHECK (char_length(review_comment) <= 10000),
    ADD COLUMN published_version text,
    ADD COLUMN valid_until timestamptz, -- NULL: a year from the day it is published
    ADD COLUMN rating_count integer NOT NULL DEFAULT 0,
    ADD COLUMN rating_sum integer NOT NULL DEFAULT 0,
    ADD COLUMN helpful_count integer NOT NULL DEFAULT 0,
    ADD COLUMN unhelpful_count integer NOT NULL DEFAULT 0,
    ADD COLUMN use_count integer NOT NULL DEFAULT 0,
    ADD COLUMN process_instance_id uuid,
    -- A tsvector holds one megabyte at most; so much text is sure to fit.
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', coalesce(keywords, '')), 'A')
        || setweight(to_tsvector('english', coalesce(summary, '')), 'B')
        || setweight(to_tsvector('english', left(body, 100000)), 'C')) STORED,
    ADD CHECK (rating_count >= 0 AND rating_sum BETWEEN rating_count AND rating_count * 5),
    ADD CHECK (helpful_count >= 0 AND unhelpful_count >= 0 AND use_count >= 0),
    ALTER COLUMN tenant_id SET DEFAULT coalesce(current_setting('app.tenant', true), '');
CREATE INDEX articles_search ON synergyflow_knowledge.articles USING gin (search);
CREATE INDEX articles_created_at
    ON synergyflow_knowledge.articles (tenant_id, created_at, article_id);
CREATE INDEX articles_updated_at
    ON synergyflow_knowledge.articles (tenant_id, updated_at, article_id);
CREATE INDEX articles_title ON synergyflow_knowledge.articles (tenant_id, title, article_id);
CREATE INDEX articles_valid_until
    ON synergyflow_knowledge.articles (tenant_id, valid_until, article_id);
CREATE INDEX articles_use_count ON synergyflow_knowledge.articles (tenant_id, use_count, article_id);
CREATE INDEX articles_rating ON synergyflow_knowledge.articles
    (tenant_id, (rating_sum * 1000::bigint / NULLIF(rating_count, 0)), article_id);
CREATE INDEX articles_reviewer
    ON synergyflow_knowledge.articles (tenant_id, reviewer, created_at, article_id)
    WHERE reviewer IS NOT NULL;
CREATE INDEX articles_review_group
    ON synergyflow_knowledge.articles (tenant_id, review_group, created_at, article_id)
    WHERE review_group IS NOT NULL;
CREATE INDEX articles_author
    ON synergyflow_knowledge.articles (tenant_id, author, created_at, article_id);
CREATE INDEX articles_category
    ON synergyflow_knowledge.articles (tenant_id, category, created_at, article_id)
    WHERE category IS NOT NULL;

-- A version is what a state change left: its text stays; that of the newest follows the drafts.
ALTER TABLE synergyflow_knowledge.article_versions
    ADD COLUMN status text NOT NULL DEFAULT 'DRAFT'
        CHECK (status IN ('DRAFT', 'REVIEW', 'PUBLISHED', 'OUTDATED', 'RETIRED')),
    ADD COLUMN title text NOT NULL DEFAULT '' CHECK (char_length(title) <= 200),
    ADD COLUMN summary text CHECK (char_length(summary) <= 2000),
    ADD COLUMN comment text CHECK (char_length(comment) <= 10000),
    ALTER COLUMN tenant_id SET DEFAULT coalesce(current_setting('app.tenant', true), '');
ALTER TABLE synergyflow_knowledge.article_versions ALTER COLUMN status DROP DEFAULT;

-- A reader may say how good, or whether it helped, or both.
ALTER TABLE synergyflow_knowledge.article_ratings
    ALTER COLUMN rating DROP NOT NULL,
    ADD CHECK (rating IS NOT NULL OR helpful IS NOT NULL),
    ALTER COLUMN tenant_id SET DEFAULT coalesce(current_setting('app.tenant', true), '');

-- For which incidents an article was used. Incidents belong to another module: their number is all
-- that is known here.
CREATE TABLE synergyflow_knowledge.article_incidents (
    article_id  text NOT NULL REFERENCES synergyflow_knowledge.articles (article_id)
                ON DELETE CASCADE,
    incident_id text NOT NULL CHECK (incident_id ~ '^INC-[0-9]{1,18}$'),
    tenant_id   text NOT NULL DEFAULT coalesce(current_setting('app.tenant', true), ''),
    linked_by   text NOT NULL CHECK (char_length(linked_by) <= 200),
    linked_at   timestamptz NOT NULL,
    PRIMARY KEY (article_id, incident_id)
);
CREATE INDEX article_incidents_incident
    ON synergyflow_knowledge.article_incidents (tenant_id, incident_id, linked_at);

-- The articles that a text query finds, best first. Under row-level security a module's own
-- statement cannot use the text index (its operator may not look at rows before the policy has); so
-- this function runs with its owner's rights, and keeps to the tenant itself. It ranks the first
-- 2,000 that are found, so that a word which is in every article costs no more than any other.
CREATE FUNCTION synergyflow_knowledge.find_articles(query text, of_status text, of_category text,
                                                    most integer, skipped integer)
    RETURNS TABLE (article_id text, rank real)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET enable_bitmapscan = on SET enable_seqscan = off
AS $$
    SELECT found.article_id, found.rank
    FROM (SELECT a.article_id, ts_rank_cd(a.search, q.query, 32) AS rank
          FROM websearch_to_tsquery('english', find_articles.query) AS q (query)
          JOIN synergyflow_knowledge.articles a ON a.search @@ q.query
          WHERE a.tenant_id = coalesce(current_setting('app.tenant', true), '')
            AND (of_status IS NULL OR a.status = of_status)
            AND (of_category IS NULL OR a.category = of_category)
          LIMIT 2000) AS found
    ORDER BY found.rank DESC, found.article_id
    LIMIT most OFFSET skipped
$$;
REVOKE ALL ON FUNCTION synergyflow_knowledge.find_articles(text, text, text, integer, integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION synergyflow_knowledge.find_articles(text, text, text, integer, integer)
    TO synergyflow_knowledge;

GRANT SELECT, INSERT, UPDATE, DELETE ON synergyflow_knowledge.article_incidents
    TO synergyflow_knowledge;
ALTER TABLE synergyflow_knowledge.article_incidents ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON synergyflow_knowledge.article_incidents
    USING (tenant_id = (SELECT coalesce(current_setting('app.tenant', true), '')))
    WITH CHECK (tenant_id = (SELECT coalesce(current_setting('app.tenant', true), '')));
