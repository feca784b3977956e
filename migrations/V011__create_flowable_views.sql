-- Views with Flowable's names and columns over the lean tables, for the reports that people already
-- have. What the engine does not hold is NULL. Times are Flowable's "timestamp" and here always UTC. The
-- views run with the rights and the tenant of whoever reads them. Ids are texts in Flowable and uuid in the
-- tables: look single objects up in the tables or over REST, the views are for reading many.

CREATE SCHEMA flowable;

-- JSON types as Flowable names the types of variables.
CREATE FUNCTION flowable.variable_type(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE jsonb_typeof(value)
           WHEN 'number' THEN CASE WHEN value::text ~ '^-?[0-9]{1,9}$' THEN 'integer'
                                   WHEN value::text ~ '^-?[0-9]{1,18}$' THEN 'long'
                                   ELSE 'double' END
           WHEN 'object' THEN 'json'
           WHEN 'array' THEN 'json'
           ELSE jsonb_typeof(value) END
$$;

-- The one column of DOUBLE_, LONG_ and TEXT_ that holds a value of this type; integers have two.
CREATE FUNCTION flowable.variable_double(value jsonb) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE flowable.variable_type(value) WHEN 'double' THEN value::double precision END
$$;

CREATE FUNCTION flowable.variable_long(value jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE flowable.variable_type(value)
           WHEN 'integer' THEN value::bigint
           WHEN 'long' THEN value::bigint
           WHEN 'boolean' THEN value::boolean::integer::bigint END
$$;

CREATE FUNCTION flowable.variable_text(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE flowable.variable_type(value)
           WHEN 'boolean' THEN NULL
           WHEN 'double' THEN NULL
           ELSE left(value #>> '{}', 4000) END
$$;

CREATE VIEW flowable.act_re_deployment WITH (security_invoker = true) AS
SELECT d.id::varchar(64) AS id_, d.name::varchar(255) AS name_, d.category::varchar(255) AS category_,
       d.key::varchar(255) AS key_, d.tenant_id::varchar(255) AS tenant_id_,
       d.deployed_at AT TIME ZONE 'UTC' AS deploy_time_, NULL::varchar(64) AS derived_from_,
       NULL::varchar(64) AS derived_from_root_, NULL::varchar(255) AS parent_deployment_id_,
       NULL::varchar(255) AS engine_version_
FROM synergyflow_workflows.deployment d;

CREATE VIEW flowable.act_re_procdef WITH (security_invoker = true) AS
SELECT d.id::varchar(255) AS id_, 1 AS rev_, d.category::varchar(255) AS category_,
       d.name::varchar(255) AS name_, d.key::varchar(255) AS key_, d.version AS version_,
       d.deployment_id::varchar(64) AS deployment_id_,
       d.resource_name::varchar(4000) AS resource_name_, NULL::varchar(4000) AS dgrm_resource_name_,
       d.description::varchar(4000) AS description_, false AS has_start_form_key_,
       d.has_diagram AS has_graphical_notation_,
       CASE WHEN d.suspended THEN 2 ELSE 1 END AS suspension_state_,
       d.tenant_id::varchar(255) AS tenant_id_, NULL::varchar(64) AS derived_from_,
       NULL::varchar(64) AS derived_from_root_, 0 AS derived_version_,
       NULL::varchar(255) AS engine_version_
FROM synergyflow_workflows.process_definition d;

-- The instance itself, then its tokens; a sub-process is the parent of the tokens within.
CREATE VIEW flowable.act_ru_execution WITH (security_invoker = true) AS
SELECT i.id::varchar(64) AS id_, i.revision::integer AS rev_, i.id::varchar(64) AS proc_inst_id_,
       i.business_key::varchar(255) AS business_key_, NULL::varchar(64) AS parent_id_,
       i.definition_id::varchar(255) AS proc_def_id_, NULL::varchar(64) AS super_exec_,
       i.id::varchar(64) AS root_proc_inst_id_, NULL::varchar(255) AS act_id_, false AS is_active_,
       false AS is_concurrent_, true AS is_scope_, false AS is_event_scope_, false AS is_mi_root_,
       i.status::integer AS suspension_state_, NULL::integer AS cached_ent_state_,
       i.tenant_id::varchar(255) AS tenant_id_, i.name::varchar(255) AS name_,
       NULL::varchar(255) AS start_act_id_, i.started_at AT TIME ZONE 'UTC' AS start_time_,
       i.start_user_id::varchar(255) AS start_user_id_, NULL::timestamp AS lock_time_,
       NULL::varchar(255) AS lock_owner_, NULL::boolean AS is_count_enabled_,
       NULL::integer AS evt_subscr_count_, NULL::integer AS task_count_, NULL::integer AS job_count_,
       NULL::integer AS timer_job_count_, NULL::integer AS susp_job_count_,
       NULL::integer AS deadletter_job_count_, NULL::integer AS external_worker_job_count_,
       NULL::integer AS var_count_, NULL::integer AS id_link_count_,
       NULL::varchar(255) AS callback_id_, NULL::varchar(255) AS callback_type_,
       NULL::varchar(255) AS reference_id_, NULL::varchar(255) AS reference_type_,
       NULL::varchar(255) AS propagated_stage_inst_id_, NULL::varchar(255) AS business_status_
FROM synergyflow_workflows.process_instance i WHERE i.status < 3
UNION ALL
SELECT (t.token ->> 'id')::varchar(64) AS id_, 1 AS rev_, i.id::varchar(64) AS proc_inst_id_,
       NULL::varchar(255) AS business_key_, i.id::varchar(64) AS parent_id_,
       i.definition_id::varchar(255) AS proc_def_id_, NULL::varchar(64) AS super_exec_,
       i.id::varchar(64) AS root_proc_inst_id_, (t.token ->> 'el')::varchar(255) AS act_id_,
       t.token ->> 'scope' IS NULL AS is_active_,
       jsonb_array_length(i.state -> 'tokens') > 1 AS is_concurrent_,
       t.token ->> 'scope' IS NOT NULL AS is_scope_, false AS is_event_scope_, false AS is_mi_root_,
       i.status::integer AS suspension_state_, NULL::integer AS cached_ent_state_,
       i.tenant_id::varchar(255) AS tenant_id_, NULL::varchar(255) AS name_,
       NULL::varchar(255) AS start_act_id_,
       ('epoch'::timestamptz + (t.token ->> 'started')::bigint * interval '1 microsecond') AT TIME ZONE 'UTC' AS start_time_,
       NULL::varchar(255) AS start_user_id_, NULL::timestamp AS lock_time_,
       NULL::varchar(255) AS lock_owner_, NULL::boolean AS is_count_enabled_,
       NULL::integer AS evt_subscr_count_, NULL::integer AS task_count_, NULL::integer AS job_count_,
       NULL::integer AS timer_job_count_, NULL::integer AS susp_job_count_,
       NULL::integer AS deadletter_job_count_, NULL::integer AS external_worker_job_count_,
       NULL::integer AS var_count_, NULL::integer AS id_link_count_,
       NULL::varchar(255) AS callback_id_, NULL::varchar(255) AS callback_type_,
       NULL::varchar(255) AS reference_id_, NULL::varchar(255) AS reference_type_,
       NULL::varchar(255) AS propagated_stage_inst_id_, NULL::varchar(255) AS business_status_
FROM synergyflow_workflows.process_instance i
CROSS JOIN LATERAL jsonb_array_elements(i.state -> 'tokens') AS t (token)
WHERE i.status < 3
UNION ALL
SELECT (t.token ->> 'id')::varchar(64) AS id_, 1 AS rev_, i.id::varchar(64) AS proc_inst_id_,
       NULL::varchar(255) AS business_key_, s.execution_id::varchar(64) AS parent_id_,
       i.definition_id::varchar(255) AS proc_def_id_, NULL::varchar(64) AS super_exec_,
       i.id::varchar(64) AS root_proc_inst_id_, (t.token ->> 'el')::varchar(255) AS act_id_,
       t.token ->> 'scope' IS NULL AS is_active_,
       jsonb_array_length(s.state -> 'tokens') > 1 AS is_concurrent_,
       t.token ->> 'scope' IS NOT NULL AS is_scope_, false AS is_event_scope_, false AS is_mi_root_,
       i.status::integer AS suspension_state_, NULL::integer AS cached_ent_state_,
       i.tenant_id::varchar(255) AS tenant_id_, NULL::varchar(255) AS name_,
       NULL::varchar(255) AS start_act_id_,
       ('epoch'::timestamptz + (t.token ->> 'started')::bigint * interval '1 microsecond') AT TIME ZONE 'UTC' AS start_time_,
       NULL::varchar(255) AS start_user_id_, NULL::timestamp AS lock_time_,
       NULL::varchar(255) AS lock_owner_, NULL::boolean AS is_count_enabled_,
       NULL::integer AS evt_subscr_count_, NULL::integer AS task_count_, NULL::integer AS job_count_,
       NULL::integer AS timer_job_count_, NULL::integer AS susp_job_count_,
       NULL::integer AS deadletter_job_count_, NULL::integer AS external_worker_job_count_,
       NULL::integer AS var_count_, NULL::integer AS id_link_count_,
       NULL::varchar(255) AS callback_id_, NULL::varchar(255) AS callback_type_,
       NULL::varchar(255) AS reference_id_, NULL::varchar(255) AS reference_type_,
       NULL::varchar(255) AS propagated_stage_inst_id_, NULL::varchar(255) AS business_status_
FROM synergyflow_workflows.scope s
JOIN synergyflow_workflows.process_instance i ON i.id = s.instance_id
CROSS JOIN LATERAL jsonb_array_elements(s.state -> 'tokens') AS t (token)
WHERE i.status < 3;

CREATE VIEW flowable.act_ru_task WITH (security_invoker = true) AS
SELECT t.id::varchar(64) AS id_, 1 AS rev_, t.execution_id::varchar(64) AS execution_id_,
       t.instance_id::varchar(64) AS proc_inst_id_, t.definition_id::varchar(255) AS proc_def_id_,
       NULL::varchar(64) AS task_def_id_, NULL::varchar(255) AS scope_id_,
       NULL::varchar(255) AS sub_scope_id_, NULL::varchar(255) AS scope_type_,
       NULL::varchar(255) AS scope_definition_id_, NULL::varchar(255) AS propagated_stage_inst_id_,
       (CASE WHEN t.claimed_at IS NULL THEN 'created' ELSE 'claimed' END)::varchar(255) AS state_,
       t.name::varchar(255) AS name_, NULL::varchar(64) AS parent_task_id_,
       t.description::varchar(4000) AS description_, t.element_id::varchar(255) AS task_def_key_,
       t.owner::varchar(255) AS owner_, t.assignee::varchar(255) AS assignee_,
       NULL::varchar(64) AS delegation_, t.priority AS priority_,
       t.created_at AT TIME ZONE 'UTC' AS create_time_, NULL::timestamp AS in_progress_time_,
       NULL::varchar(255) AS in_progress_started_by_, t.claimed_at AT TIME ZONE 'UTC' AS claim_time_,
       NULL::varchar(255) AS claimed_by_, NULL::timestamp AS suspended_time_,
       NULL::varchar(255) AS suspended_by_, NULL::timestamp AS in_progress_due_date_,
       t.due_at AT TIME ZONE 'UTC' AS due_date_, t.category::varchar(255) AS category_,
       i.status::integer AS suspension_state_, t.tenant_id::varchar(255) AS tenant_id_,
       t.form_key::varchar(255) AS form_key_, NULL::boolean AS is_count_enabled_,
       NULL::integer AS var_count_, NULL::integer AS id_link_count_, NULL::integer AS sub_task_count_
FROM synergyflow_workflows.task t
JOIN synergyflow_workflows.process_instance i ON i.id = t.instance_id
WHERE t.status = 1;

CREATE VIEW flowable.act_ru_variable WITH (security_invoker = true) AS
SELECT (md5(i.id::text || v.name))::varchar(64) AS id_, 1 AS rev_,
       (flowable.variable_type(v.value))::varchar(255) AS type_, v.name::varchar(255) AS name_,
       i.id::varchar(64) AS execution_id_, i.id::varchar(64) AS proc_inst_id_,
       NULL::varchar(64) AS task_id_, NULL::varchar(255) AS scope_id_,
       NULL::varchar(255) AS sub_scope_id_, NULL::varchar(255) AS scope_type_,
       NULL::varchar(64) AS bytearray_id_, flowable.variable_double(v.value) AS double_,
       flowable.variable_long(v.value) AS long_,
       (flowable.variable_text(v.value))::varchar(4000) AS text_, NULL::varchar(4000) AS text2_,
       NULL::varchar(4000) AS meta_info_
FROM synergyflow_workflows.process_instance i
CROSS JOIN LATERAL jsonb_each(i.variables) AS v (name, value)
WHERE i.status < 3
UNION ALL
SELECT (md5(s.id::text || v.name))::varchar(64) AS id_, 1 AS rev_,
       (flowable.variable_type(v.value))::varchar(255) AS type_, v.name::varchar(255) AS name_,
       s.execution_id::varchar(64) AS execution_id_, i.id::varchar(64) AS proc_inst_id_,
       NULL::varchar(64) AS task_id_, NULL::varchar(255) AS scope_id_,
       NULL::varchar(255) AS sub_scope_id_, NULL::varchar(255) AS scope_type_,
       NULL::varchar(64) AS bytearray_id_, flowable.variable_double(v.value) AS double_,
       flowable.variable_long(v.value) AS long_,
       (flowable.variable_text(v.value))::varchar(4000) AS text_, NULL::varchar(4000) AS text2_,
       NULL::varchar(4000) AS meta_info_
FROM synergyflow_workflows.scope s
JOIN synergyflow_workflows.process_instance i ON i.id = s.instance_id
CROSS JOIN LATERAL jsonb_each(s.variables) AS v (name, value)
WHERE i.status < 3;

CREATE VIEW flowable.act_ru_timer_job WITH (security_invoker = true) AS
SELECT t.id::varchar(64) AS id_, 1 AS rev_, NULL::varchar(255) AS category_,
       'timer'::varchar(255) AS type_, NULL::timestamp AS lock_exp_time_,
       NULL::varchar(255) AS lock_owner_, true AS exclusive_,
       t.execution_id::varchar(64) AS execution_id_,
       t.instance_id::varchar(64) AS process_instance_id_,
       t.definition_id::varchar(255) AS proc_def_id_, t.element_id::varchar(255) AS element_id_,
       NULL::varchar(255) AS element_name_, NULL::varchar(255) AS scope_id_,
       NULL::varchar(255) AS sub_scope_id_, NULL::varchar(255) AS scope_type_,
       NULL::varchar(255) AS scope_definition_id_, NULL::varchar(255) AS correlation_id_,
       3 - t.attempts AS retries_, NULL::varchar(64) AS exception_stack_id_,
       t.last_error::varchar(4000) AS exception_msg_, t.due_at AT TIME ZONE 'UTC' AS duedate_,
       t.repeat::varchar(255) AS repeat_, 'trigger-timer'::varchar(255) AS handler_type_,
       (jsonb_build_object('activityId', t.element_id))::varchar(4000) AS handler_cfg_,
       NULL::varchar(64) AS custom_values_id_, t.created_at AT TIME ZONE 'UTC' AS create_time_,
       t.tenant_id::varchar(255) AS tenant_id_
FROM synergyflow_workflows.timer t;

CREATE VIEW flowable.act_ru_event_subscr WITH (security_invoker = true) AS
SELECT s.id::varchar(64) AS id_, 1 AS rev_, s.event_type::varchar(255) AS event_type_,
       s.event_name::varchar(255) AS event_name_, s.execution_id::varchar(64) AS execution_id_,
       s.instance_id::varchar(64) AS proc_inst_id_, s.element_id::varchar(255) AS activity_id_,
       NULL::varchar(255) AS configuration_, s.created_at AT TIME ZONE 'UTC' AS created_,
       s.definition_id::varchar(255) AS proc_def_id_, NULL::varchar(64) AS sub_scope_id_,
       NULL::varchar(64) AS scope_id_, NULL::varchar(64) AS scope_definition_id_,
       NULL::varchar(255) AS scope_definition_key_, NULL::varchar(64) AS scope_type_,
       NULL::timestamp AS lock_time_, NULL::varchar(255) AS lock_owner_,
       s.tenant_id::varchar(255) AS tenant_id_
FROM synergyflow_workflows.event_subscription s;

CREATE VIEW flowable.act_hi_procinst WITH (security_invoker = true) AS
SELECT i.id::varchar(64) AS id_, i.revision::integer AS rev_, i.id::varchar(64) AS proc_inst_id_,
       i.business_key::varchar(255) AS business_key_, i.definition_id::varchar(255) AS proc_def_id_,
       i.started_at AT TIME ZONE 'UTC' AS start_time_, i.ended_at AT TIME ZONE 'UTC' AS end_time_,
       (extract(epoch FROM i.ended_at - i.started_at) * 1000)::bigint AS duration_,
       i.start_user_id::varchar(255) AS start_user_id_, NULL::varchar(255) AS start_act_id_,
       i.end_element_id::varchar(255) AS end_act_id_, NULL::varchar(64) AS super_process_instance_id_,
       i.delete_reason::varchar(4000) AS delete_reason_, i.tenant_id::varchar(255) AS tenant_id_,
       i.name::varchar(255) AS name_, NULL::varchar(255) AS callback_id_,
       NULL::varchar(255) AS callback_type_, NULL::varchar(255) AS reference_id_,
       NULL::varchar(255) AS reference_type_, NULL::varchar(255) AS propagated_stage_inst_id_,
       NULL::varchar(255) AS business_status_
FROM synergyflow_workflows.process_instance i;

-- From the journal: an element that was passed in one commit is one record, others have a record for each end.
CREATE VIEW flowable.act_hi_actinst WITH (security_invoker = true) AS
SELECT a.token_id::varchar(64) AS id_, 1 AS rev_, i.definition_id::varchar(255) AS proc_def_id_,
       i.id::varchar(64) AS proc_inst_id_, a.token_id::varchar(64) AS execution_id_,
       a.element_id::varchar(255) AS act_id_, t.id::varchar(64) AS task_id_,
       NULL::varchar(64) AS call_proc_inst_id_, a.name::varchar(255) AS act_name_,
       a.type::varchar(255) AS act_type_, t.assignee::varchar(255) AS assignee_,
       NULL::varchar(255) AS completed_by_, a.started_at AT TIME ZONE 'UTC' AS start_time_,
       a.ended_at AT TIME ZONE 'UTC' AS end_time_, NULL::integer AS transaction_order_,
       (extract(epoch FROM a.ended_at - a.started_at) * 1000)::bigint AS duration_,
       a.reason::varchar(4000) AS delete_reason_, a.tenant_id::varchar(255) AS tenant_id_
FROM (
    SELECT j.instance_id, j.tenant_id, c.record ->> 'id' AS token_id, c.record ->> 'el' AS element_id,
           max(c.record ->> 'type') AS type, max(c.record ->> 'name') AS name,
           'epoch'::timestamptz + min(CASE WHEN c.record ->> 'c' IN ('activated', 'passed')
               THEN c.record ->> 'at' ELSE c.record ->> 'started' END::bigint)
               * interval '1 microsecond' AS started_at,
           'epoch'::timestamptz + max(CASE c.record ->> 'c' WHEN 'passed' THEN c.record ->> 'end'
               WHEN 'activated' THEN NULL ELSE c.record ->> 'at' END::bigint)
               * interval '1 microsecond' AS ended_at,
           max(c.record ->> 'reason') AS reason
    FROM synergyflow_workflows.journal j
    CROSS JOIN LATERAL jsonb_array_elements(j.changes) AS c (record)
    WHERE c.record ->> 'c' IN ('activated', 'passed', 'completed', 'terminated')
    GROUP BY j.instance_id, j.tenant_id, c.record ->> 'id', c.record ->> 'el') AS a
JOIN synergyflow_workflows.process_instance i ON i.id = a.instance_id
LEFT JOIN synergyflow_workflows.task t
    ON t.execution_id = a.token_id::uuid AND t.instance_id = a.instance_id;

CREATE VIEW flowable.act_hi_taskinst WITH (security_invoker = true) AS
SELECT t.id::varchar(64) AS id_, 1 AS rev_, t.definition_id::varchar(255) AS proc_def_id_,
       NULL::varchar(64) AS task_def_id_, t.element_id::varchar(255) AS task_def_key_,
       t.instance_id::varchar(64) AS proc_inst_id_, t.execution_id::varchar(64) AS execution_id_,
       NULL::varchar(255) AS scope_id_, NULL::varchar(255) AS sub_scope_id_,
       NULL::varchar(255) AS scope_type_, NULL::varchar(255) AS scope_definition_id_,
       NULL::varchar(255) AS propagated_stage_inst_id_,
       (CASE t.status WHEN 2 THEN 'completed' WHEN 3 THEN 'terminated'
           ELSE CASE WHEN t.claimed_at IS NULL THEN 'created' ELSE 'claimed' END END)::varchar(255) AS state_,
       t.name::varchar(255) AS name_, NULL::varchar(64) AS parent_task_id_,
       t.description::varchar(4000) AS description_, t.owner::varchar(255) AS owner_,
       t.assignee::varchar(255) AS assignee_, t.created_at AT TIME ZONE 'UTC' AS start_time_,
       NULL::timestamp AS in_progress_time_, NULL::varchar(255) AS in_progress_started_by_,
       t.claimed_at AT TIME ZONE 'UTC' AS claim_time_, NULL::varchar(255) AS claimed_by_,
       NULL::timestamp AS suspended_time_, NULL::varchar(255) AS suspended_by_,
       t.ended_at AT TIME ZONE 'UTC' AS end_time_, NULL::varchar(255) AS completed_by_,
       (extract(epoch FROM t.ended_at - t.created_at) * 1000)::bigint AS duration_,
       t.delete_reason::varchar(4000) AS delete_reason_, t.priority AS priority_,
       NULL::timestamp AS in_progress_due_date_, t.due_at AT TIME ZONE 'UTC' AS due_date_,
       t.form_key::varchar(255) AS form_key_, t.category::varchar(255) AS category_,
       t.tenant_id::varchar(255) AS tenant_id_, NULL::timestamp AS last_updated_time_
FROM synergyflow_workflows.task t;

CREATE VIEW flowable.act_hi_varinst WITH (security_invoker = true) AS
SELECT (md5(i.id::text || v.name))::varchar(64) AS id_, 1 AS rev_, i.id::varchar(64) AS proc_inst_id_,
       i.id::varchar(64) AS execution_id_, NULL::varchar(64) AS task_id_,
       v.name::varchar(255) AS name_, (flowable.variable_type(v.value))::varchar(100) AS var_type_,
       NULL::varchar(255) AS scope_id_, NULL::varchar(255) AS sub_scope_id_,
       NULL::varchar(255) AS scope_type_, NULL::varchar(64) AS bytearray_id_,
       flowable.variable_double(v.value) AS double_, flowable.variable_long(v.value) AS long_,
       (flowable.variable_text(v.value))::varchar(4000) AS text_, NULL::varchar(4000) AS text2_,
       NULL::varchar(4000) AS meta_info_, i.started_at AT TIME ZONE 'UTC' AS create_time_,
       NULL::timestamp AS last_updated_time_
FROM synergyflow_workflows.process_instance i
CROSS JOIN LATERAL jsonb_each(i.variables) AS v (name, value);

REVOKE ALL ON SCHEMA flowable FROM PUBLIC;
GRANT USAGE ON SCHEMA flowable TO synergyflow_engine;
GRANT SELECT ON ALL TABLES IN SCHEMA flowable TO synergyflow_engine;
