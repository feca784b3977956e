/* Running a script in a test. */
#ifndef SYNERGYFLOW_TESTS_SCRIPT_FIXTURE_H
#define SYNERGYFLOW_TESTS_SCRIPT_FIXTURE_H

#include "engine/script/script.h"

struct script_case {
    struct arena *arena;
    struct script_context context;
    struct script_limits limits;
    struct script_result result;
    struct error error;
};

/* Default limits, now = 2026-08-01T08:00:00.123456Z, assignments are stored. */
void script_case_init(struct script_case *one);
void script_case_deinit(struct script_case *one);
/* Runs `source` over `variables` (JSON text, NULL for none) and keeps result or error. */
enum status script_case_run(struct script_case *one, const char *source, const char *variables);

/* Run with defaults and expect STATUS_OK and these texts of JSON; NULL: not looked at. */
void assert_script(const char *source, const char *variables, const char *value,
                   const char *assignments);
/* Expects `status`, the line (0: not looked at) and a message that contains `part`. */
void assert_script_fails(const char *source, const char *variables, enum status status, int line,
                         const char *part);
void assert_json_text(const json_t *json, const char *expected);

#endif
