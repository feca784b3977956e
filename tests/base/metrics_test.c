/* The metrics page, byte for byte. */
#include "engine/base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double bounds[] = {0.1, 1, 0};

static struct metric first_kind = {.name = "test_things_total",
                                   .labels = "kind=\"a\"",
                                   .help = "Things\nwith a \\.",
                                   .type = METRIC_COUNTER};
static struct metric second_kind = {.name = "test_things_total",
                                    .labels = "kind=\"b\"",
                                    .help = "Things\nwith a \\.",
                                    .type = METRIC_COUNTER};
static struct metric level = {.name = "test_level", .help = "A level.", .type = METRIC_GAUGE};
static struct metric seconds = {
    .name = "test_seconds", .help = "Waits.", .type = METRIC_HISTOGRAM, .bounds = bounds};
static struct metric by_path = {.name = "test_path_seconds",
                                .labels = "path=\"x\"",
                                .help = "Waits.",
                                .type = METRIC_HISTOGRAM,
                                .bounds = bounds};

static void the_page_is_prometheus_text(void **state)
{
    struct text text = TEXT_INIT;

    (void)state;
    metric_register(&first_kind);
    metric_register(&level);
    metric_register(&second_kind); /* stands with its name all the same */
    metric_register(&seconds);
    metric_register(&by_path);
    metric_register(&level);
    metric_add(&first_kind, 1);
    metric_add(&first_kind, 123456789012);
    metric_set(&level, -0.5);
    metric_observe(&seconds, 0.1);
    metric_observe(&seconds, 0.5);
    metric_observe(&seconds, 5);
    metric_observe(&by_path, 0.01);
    metrics_write(&text);
    assert_string_equal(text_string(&text), "# HELP test_things_total Things\\nwith a \\\\.\n"
                                            "# TYPE test_things_total counter\n"
                                            "test_things_total{kind=\"a\"} 123456789013\n"
                                            "test_things_total{kind=\"b\"} 0\n"
                                            "# HELP test_level A level.\n"
                                            "# TYPE test_level gauge\n"
                                            "test_level -0.5\n"
                                            "# HELP test_seconds Waits.\n"
                                            "# TYPE test_seconds histogram\n"
                                            "test_seconds_bucket{le=\"0.1\"} 1\n"
                                            "test_seconds_bucket{le=\"1\"} 2\n"
                                            "test_seconds_bucket{le=\"+Inf\"} 3\n"
                                            "test_seconds_sum 5.6\n"
                                            "test_seconds_count 3\n"
                                            "# HELP test_path_seconds Waits.\n"
                                            "# TYPE test_path_seconds histogram\n"
                                            "test_path_seconds_bucket{path=\"x\",le=\"0.1\"} 1\n"
                                            "test_path_seconds_bucket{path=\"x\",le=\"1\"} 1\n"
                                            "test_path_seconds_bucket{path=\"x\",le=\"+Inf\"} 1\n"
                                            "test_path_seconds_sum{path=\"x\"} 0.01\n"
                                            "test_path_seconds_count{path=\"x\"} 1\n");
    text_deinit(&text);
}

static void latency_bounds_rise_and_fit(void **state)
{
    uint32_t count = 0;

    (void)state;
    while (metric_latency_bounds[count] > 0)
        count++;
    assert_in_range(count, 10, METRICS_BUCKETS_MAX);
    for (uint32_t i = 1; i < count; i++)
        assert_true(metric_latency_bounds[i] > metric_latency_bounds[i - 1]);
    assert_true(metric_latency_bounds[0] == 0.0005);
    assert_true(metric_latency_bounds[count - 1] == 10);
}

static double sample(const char *page, const char *name)
{
    const char *at = strstr(page, name);

    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

static void the_process_is_measured(void **state)
{
    struct text text = TEXT_INIT;

    (void)state;
    metrics_process();
    metrics_process();
    metrics_write(&text);
    assert_true(sample(text.bytes, "\nprocess_resident_memory_bytes ") > 100000);
    assert_true(sample(text.bytes, "\nprocess_cpu_seconds_total ") > 0);
    text_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_prometheus_text),
        cmocka_unit_test(latency_bounds_rise_and_fit),
        cmocka_unit_test(the_process_is_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
