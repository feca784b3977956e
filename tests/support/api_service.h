/* The API with everything behind it (server, command queue, definitions, pool) in this process, on
 * a thread of its own, so that a test can call it over real HTTP. No timers fire and no module is
 * there; jobs, tasks, messages and history are real. */
#ifndef SYNERGYFLOW_TESTS_API_SERVICE_H
#define SYNERGYFLOW_TESTS_API_SERVICE_H

#include "tests/support/postgres.h"

struct api_service;

/* Returns when it listens. Ends the test program when it cannot start. */
struct api_service *api_service_start(struct test_database *database);
unsigned api_service_port(const struct api_service *service);
/* Drains, closes, joins the thread. */
void api_service_stop(struct api_service *service);

#endif
