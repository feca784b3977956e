-- Knowledge articles with their versions and their readers' ratings.

CREATE SCHEMA synergyflow_knowledge;

CREATE SEQUENCE synergyflow_knowledge.article_number START WITH 1001;

CREATE TABLE synergyflow_knowledge.articles (
    article_id      text PRIMARY KEY, -- such as KB-1234
    tenant_id       text NOT NULL DEFAULT '',
    title           text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    status          text NOT NULL DEFAULT 'DRAFT'
                    CHECK (status IN ('DRAFT', 'REVIEW', 'PUBLISHED', 'OUTDATED', 'RETIRED')),
    category        text CHECK (char_length(category) <= 200),
    author          text NOT NULL CHECK (char_length(author) <= 200),
    current_version text NOT NULL DEFAULT '0.1' CHECK (current_version ~ '^[0-9]+\.[0-9]+$'),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    published_at    timestamptz,
    version         bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 85);
ALTER SEQUENCE synergyflow_knowledge.article_number
    OWNED BY synergyflow_knowledge.articles.article_id;

CREATE TABLE synergyflow_knowledge.article_versions (
    article_id text NOT NULL REFERENCES synergyflow_knowledge.articles (article_id)
               ON DELETE CASCADE,
    version    text NOT NULL CHECK (version ~ '^[0-9]+\.[0-9]+$'), -- 0.1, 0.2, … 1.0
    tenant_id  text NOT NULL DEFAULT '',
    body       text NOT NULL CHECK (char_length(body) <= 1000000),
    author     text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (article_id, version)
);

CREATE TABLE synergyflow_knowledge.article_ratings (
    article_id text NOT NULL REFERENCES synergyflow_knowledge.articles (article_id)
               ON DELETE CASCADE,
    user_id    text NOT NULL,
    tenant_id  text NOT NULL DEFAULT '',
    rating     smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    helpful    boolean,
    comment    text CHECK (char_length(comment) <= 10000),
    rated_at   timestamptz NOT NULL,
    PRIMARY KEY (article_id, user_id)
);

REVOKE ALL ON SCHEMA synergyflow_knowledge FROM PUBLIC;
GRANT USAGE ON SCHEMA synergyflow_knowledge TO synergyflow_knowledge;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA synergyflow_knowledge
    TO synergyflow_knowledge;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA synergyflow_knowledge TO synergyflow_knowledge;
