/* See truth.h. */
#include "tests/chaos/truth.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "tests/chaos/callers.h"

#include <stdio.h>
#include <string.h>

#define WORKFLOWS "synergyflow_workflows."
/* The records of firings, with when they happened and were due. */
#define FIRED                                                                      \
    "(SELECT j.instance_id, j.at, c->>'wait' AS wait, (c->>'due')::bigint AS due," \
    "  (c->>'at')::bigint AS at_us FROM " WORKFLOWS "journal j,"                   \
    "  jsonb_array_elements(j.changes) c WHERE c->>'c' = 'timer-fired')"
#define INSTANCES(key)                                                                       \
    "(SELECT p.*, coalesce(p.variables->>'n', '') AS n, (SELECT count(*) FROM fired f WHERE" \
    "  f.instance_id = p.id) AS firings FROM " WORKFLOWS "process_instance p"                \
    "  WHERE p.definition_key = '" key "')"
#define WITH_FIRED "WITH fired AS MATERIALIZED " FIRED

const char truth_unsettled[] =
    "SELECT (SELECT count(*) FROM " WORKFLOWS "timer)"
    " + (SELECT count(*) FROM " WORKFLOWS "job WHERE kind > 1)"
    " + (SELECT count(*) FROM " WORKFLOWS "process_instance WHERE status < 3 AND definition_key IN"
    "    ('chaos_once', 'chaos_race'))";

/* Each gives what is wrong, one row a case. */
static const struct {
    const char *what;
    const char *sql;
} rules[] = {
    {"what was acknowledged is there",
     "SELECT t.key FROM chaos_truth t WHERE t.acknowledged AND t.kind < 4 AND NOT EXISTS ("
     " SELECT FROM " WORKFLOWS "process_instance p WHERE p.business_key = t.key)"
     " UNION ALL SELECT t.key FROM chaos_truth t WHERE t.acknowledged AND t.kind = 4 AND NOT EXISTS"
     " (SELECT FROM synergyflow_incidents.incidents i WHERE i.title = t.key)"
     " UNION ALL SELECT t.key FROM chaos_truth t WHERE t.acknowledged AND t.kind = 5 AND NOT EXISTS"
     " (SELECT FROM " WORKFLOWS "process_definition d WHERE d.key = t.key)"},
    {"nothing is there that nobody asked for, or twice",
     "SELECT p.business_key FROM " WORKFLOWS "process_instance p LEFT JOIN chaos_truth t ON t.key ="
     " p.business_key WHERE p.definition_key IN ('chaos_once', 'chaos_race', 'chaos_cycle')"
     " GROUP BY 1 HAVING count(*) > 1 OR count(t.key) <> 1"
     " UNION ALL SELECT title FROM synergyflow_incidents.incidents GROUP BY 1 HAVING count(*) > 1"},
    {"a single timer fires once, the job behind it runs once", WITH_FIRED
     " SELECT business_key || ': ' || firings || ' firings, n = ' || n || ', status ' ||"
     " status FROM " INSTANCES("chaos_once") " i WHERE firings <> 1 OR n <> '1' OR status <> 3"},
    {"a task is completed or interrupted by its timer, never both", WITH_FIRED
     " SELECT business_key || ': ' || firings || ' firings, ' || coalesce(variables->>"
     "'how', '-') || ', status ' || status FROM " INSTANCES(
         "chaos_race") " i WHERE status <> 3 OR"
                       " CASE variables->>'how' WHEN 'late' THEN firings <> 1 WHEN 'done' THEN "
                       "firings <> 0"
                       " ELSE true END OR (SELECT count(*) FROM " WORKFLOWS
                       "task t WHERE t.instance_id = i.id AND"
                       " t.status = CASE variables->>'how' WHEN 'done' THEN 2 ELSE 3 END) <> 1"},
    {"a completion that was acknowledged happened",
     "SELECT t.key FROM chaos_truth t JOIN " WORKFLOWS "process_instance p ON p.business_key ="
     " t.key WHERE t.kind = 1 AND t.second AND p.variables->>'how' IS DISTINCT FROM 'done'"},
    {"a cycle fires as often as it says, on its grid",
     WITH_FIRED " SELECT business_key || ': ' || firings || ' firings, n = ' || n FROM " INSTANCES(
         "chaos_cycle") " i WHERE firings <> 4 OR n <> '4' OR (SELECT count(DISTINCT f.due)"
                        " FROM fired f WHERE f.instance_id = i.id AND (f.due - (SELECT min(due) "
                        "FROM fired g WHERE"
                        " g.instance_id = i.id)) % 1000000 = 0) <> 4"},
    {"a move that was acknowledged left one row of its operator, others at most one",
     "SELECT t.key || ': ' || count(o.id) FROM chaos_truth t JOIN " WORKFLOWS "process_instance p"
     " ON p.business_key = t.key LEFT JOIN " WORKFLOWS "operator_action o ON o.instance_id = p.id"
     " AND o.action = 'timer.reschedule' WHERE t.kind = 3 GROUP BY t.key, t.second HAVING "
     "count(o.id) > 1"
     " OR (t.second AND count(o.id) <> 1)"},
    {"a timer that starts a process starts it once",
     "SELECT d.key || ': ' || count(p.id) FROM " WORKFLOWS
     "process_definition d LEFT JOIN " WORKFLOWS
     "process_instance p ON p.definition_id = d.id AND p.status = 3 AND"
     " p.variables->>'n' = '1' WHERE d.key LIKE 'chaos-%' GROUP BY d.id, d.key HAVING count(p.id)"
     " <> 1"},
    {"an incident is escalated once at each threshold",
     "SELECT i.title || ': ' || x.percent || ' %, ' || count(w.worklog_id) || ' entries' FROM"
     " synergyflow_incidents.incidents i CROSS JOIN (VALUES (50), (75), (100)) x (percent) LEFT "
     "JOIN"
     " synergyflow_incidents.incident_worklogs w ON w.incident_id = i.incident_id AND w.body ="
     " x.percent || '% of the time to resolve has passed.' GROUP BY i.incident_id, i.title,"
     " x.percent HAVING count(w.worklog_id) <> 1"},
    {"each escalation is one event, which each listener got once",
     "SELECT i.title || ': ' || count(DISTINCT e.event_id) || ' events, ' || count(*) || ' rows'"
     " FROM synergyflow_incidents.incidents i LEFT JOIN event_publication.event_publication e ON"
     " e.aggregate_id = i.incident_id AND e.event_type = 'incidents.IncidentEscalated' GROUP BY"
     " i.incident_id, i.title HAVING count(DISTINCT e.event_id) <> 3 OR count(*) <>"
     " count(DISTINCT (e.event_id, e.listener_id))"},
    {"no timer fires early; an operator may fire one that is a day away",
     "SELECT f.instance_id || ': ' || f.due - f.at_us || ' us early' FROM " FIRED " f WHERE f.at_us"
     " < f.due AND f.due - f.at_us < 3600000000"},
    {"no firing is recorded twice",
     "SELECT instance_id || ' ' || wait FROM " FIRED " f GROUP BY instance_id, wait, due HAVING"
     " count(*) > 1"},
    {"no timer and no job is dead",
     "SELECT id::text FROM " WORKFLOWS "timer WHERE dead_at IS NOT NULL UNION ALL SELECT id::text"
     " FROM " WORKFLOWS "job WHERE dead_at IS NOT NULL"},
};

enum { ROWS_A_STATEMENT = 1000 };

static void store_caller(struct test_database *database, const struct chaos_caller *caller,
                         unsigned number)
{
    unsigned count = caller->round_count;

    for (unsigned from = 0; from < count; from += ROWS_A_STATEMENT) {
        struct text sql = TEXT_INIT;
        const char *separator = "";

        text_append(&sql, "INSERT INTO chaos_truth VALUES ");
        for (unsigned i = from; i < count && i < from + ROWS_A_STATEMENT; i++) {
            const struct chaos_round *round = &caller->rounds[i];
            char key[64];
            char row[160];

            caller_key(number, i, key, sizeof(key));
            (void)snprintf(row, sizeof(row), "%s('%s', %u, %s, %s)", separator, key, round->kind,
                           round->acknowledged ? "true" : "false",
                           round->second ? "true" : "false");
            text_append(&sql, row);
            separator = ", ";
        }
        (void)test_database_sql(database, text_string(&sql));
        text_deinit(&sql);
    }
}

void truth_store(struct test_database *database, const struct chaos_shared *shared,
                 unsigned callers)
{
    (void)test_database_sql(database, "CREATE TABLE chaos_truth (key text PRIMARY KEY,"
                                      " kind integer, acknowledged boolean, second boolean)");
    for (unsigned i = 0; i < callers; i++)
        store_caller(database, &shared->callers[i], i);
}

/* The latest, and when they were due in the run's time: the plan beside them says why. */
static void print_counts(struct test_database *database, int64_t began_us)
{
    static const char kinds[] =
        "SELECT string_agg(n || ' ' || (ARRAY['once', 'race', 'cycle', 'moved', 'incident',"
        " 'start'])[kind + 1] || ' (' || a || ' acknowledged)', ', ' ORDER BY kind) FROM (SELECT"
        " kind, count(*) AS n, count(*) FILTER (WHERE acknowledged) AS a FROM chaos_truth GROUP BY"
        " kind) k";
    char latest[1024];

    (void)snprintf(latest, sizeof(latest),
                   WITH_FIRED
                   " SELECT (SELECT count(*) FROM fired) || ' firings; the latest: ' ||"
                   " string_agg(late || ' s (due at ' || due || ' s)', ', ') FROM (SELECT"
                   " round((at_us - due) / 1e6, 3) AS late, round((due - %lld) / 1e6, 3) AS due"
                   " FROM fired ORDER BY 1 DESC LIMIT 5) l",
                   (long long)began_us);
    (void)printf("chaos: %s\n", test_database_sql(database, kinds));
    (void)printf("chaos: %s\n", test_database_sql(database, latest));
}

unsigned truth_broken(struct test_database *database, int64_t began_us)
{
    unsigned broken = 0;

    print_counts(database, began_us);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct text sql = TEXT_INIT;
        const char *cases;

        text_append(&sql, "SELECT count(*) || ' cases, such as ' || left(string_agg(c, '; '), 1000)"
                          " FROM (");
        text_append(&sql, rules[i].sql);
        text_append(&sql, ") AS wrong (c) HAVING count(*) > 0");
        cases = test_database_sql(database, text_string(&sql));
        (void)printf("%s  %s%s%s\n", cases[0] == '\0' ? "ok   " : "WRONG", rules[i].what,
                     cases[0] == '\0' ? "" : ": ", cases);
        broken += cases[0] != '\0';
        text_deinit(&sql);
    }
    (void)fflush(stdout);
    return broken;
}
