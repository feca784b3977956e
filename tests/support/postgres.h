/* Fresh databases for tests, on the private cluster that SYNERGYFLOW_TEST_PG names, or on one that
 * the test starts for itself (tests/support/cluster) and stops at its exit.
 *
 * Whatever goes wrong in here ends the test program with a sentence: there is nothing to test then.
 */
#ifndef SYNERGYFLOW_TESTS_POSTGRES_H
#define SYNERGYFLOW_TESTS_POSTGRES_H

#include <stdbool.h>

struct test_database;

/* Migrated: a copy of a template to which migrations/ was applied; otherwise empty. */
struct test_database *test_database_new(bool migrated);
void test_database_free(struct test_database *database); /* NULL is fine; ends its sessions */
/* Connection string of the superuser, who owns everything in it. */
const char *test_database_conninfo(const struct test_database *database);
/* The same database as another role; valid until the next call. */
const char *test_database_conninfo_as(struct test_database *database, const char *role);
/* Runs SQL as the superuser and returns the first value of its last result as text (valid until the
 * next call; "" for NULL or no row). Ends the test when the SQL fails. */
const char *test_database_sql(struct test_database *database, const char *sql);

/* A cluster of one's own, to be stopped and started. */
struct test_cluster;

struct test_cluster *test_cluster_new(void); /* running */
void test_cluster_stop(struct test_cluster *cluster);
void test_cluster_start(struct test_cluster *cluster);
const char *test_cluster_conninfo(const struct test_cluster *cluster);
void test_cluster_free(struct test_cluster *cluster);

#endif
