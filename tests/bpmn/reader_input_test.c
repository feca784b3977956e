/* Any bytes at all: encodings that work, XML that is refused with its place, limits, and mutations
 * of good files. Nothing crashes, nothing is printed. */
#include "tests/bpmn/reading.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NAMESPACE "xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
#define BODY(name)                                                                      \
    "<definitions " NAMESPACE "><process id='p' name='" name "'>\n<startEvent id='s'/>" \
    "<sequenceFlow id='f' sourceRef='s' targetRef='e'/>\n<endEvent "                    \
    "id='e'/></process></definitions>"

/* ---- encodings ---- */

static void check_name(const char *bytes, size_t length, const char *name)
{
    struct reading *reading = reading_new(bytes, length);
    const struct bpmn_model *model;

    if (reading->status != STATUS_OK)
        print_error("%s\n", reading->error.message);
    assert_int_equal(reading->status, STATUS_OK);
    model = reading->document->models;
    assert_string_equal(model->name, name);
    assert_int_equal(bpmn_model_element(model, "e")->line, 3);
    assert_int_equal(bpmn_model_element(model, "e")->column, 1);
    reading_free(reading);
}

static void check_text(const char *text, const char *name)
{
    check_name(text, strlen(text), name);
}

/* UTF-16 of UTF-8 text whose characters lie below U+0800, with a byte order mark when asked. */
static void check_wide(const char *text, bool is_big, bool has_mark, const char *name)
{
    char bytes[2048];
    size_t length = 0;

    for (const char *at = has_mark ? "\xEF" : text; at != NULL && *at != '\0';) {
        unsigned code = (unsigned char)*at++;

        if (code == 0xEF) {
            code = 0xFEFF;
            at = text;
        } else if (code >= 0xC0) {
            code = (code & 0x1F) << 6 | ((unsigned char)*at++ & 0x3F);
        }
        bytes[length++] = (char)(is_big ? code >> 8 : code & 0xFF);
        bytes[length++] = (char)(is_big ? code & 0xFF : code >> 8);
    }
    check_name(bytes, length, name);
}

static void test_encodings(void **state)
{
    (void)state;
    check_text(BODY("Gr\xC3\xBC\xC3\x9F"), "Gr\xC3\xBC\xC3\x9F");
    check_text("\xEF\xBB\xBF" BODY("Gr\xC3\xBC\xC3\x9F"), "Gr\xC3\xBC\xC3\x9F");
    check_text("\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?>" BODY("a"), "a");
    check_text("<?xml version='1.0' encoding='ISO-8859-1'?>" BODY("Gr\xFC\xDF"),
               "Gr\xC3\xBC\xC3\x9F");
    check_text("<?xml version='1.0' encoding='windows-1252'?>" BODY("\x80 5"), "\xE2\x82\xAC 5");
    check_text("<?xml version='1.0' encoding='US-ASCII'?>" BODY("a&#xfc;"), "a\xC3\xBC");
    check_text("<?xml version='1.0' encoding='utf-16'?>" BODY("Gr\xC3\xBC"), "Gr\xC3\xBC");
    check_wide("<?xml version='1.0' encoding='UTF-16'?>" BODY("Gr\xC3\xBC"), false, true,
               "Gr\xC3\xBC");
    check_wide("<?xml version='1.0' encoding='UTF-16'?>" BODY("Gr\xC3\xBC"), true, true,
               "Gr\xC3\xBC");
    check_wide("<?xml version='1.0' encoding='UTF-16LE'?>" BODY("a"), false, false, "a");
    check_wide("<?xml version='1.0' encoding='UTF-16BE'?>" BODY("a"), true, false, "a");
    check_wide(BODY("a"), false, true, "a");
}

/* ---- what is refused before or by the parser ---- */

struct bad {
    const char *bytes;
    size_t length; /* 0: up to the NUL */
    int line;
    int column; /* 0: not looked at */
    const char *words;
};

static const struct bad bad[] = {
    {"", 0, 1, 1, "empty"},
    {" \n\t", 0, 1, 1, "empty"},
    {"PK\003\004zip", 0, 1, 1, "begins with '<'"},
    {"{\"process\":1}", 0, 1, 1, "begins with '<'"},
    {"\0\0\0\0", 4, 1, 0, "begins with '<'"},
    {"\xFF\xFE", 2, 1, 0, NULL},
    {"\xFF\xFE<\0a", 5, 1, 0, "UTF-16"},
    {"\xFE\xFF\0<\xDC\0\0>", 8, 1, 0, "UTF-16"},
    {"<\0\0\0?\0\0\0", 8, 1, 0, NULL},
    {"<", 0, 1, 0, "well-formed"},
    {"<a>\n<b>\n</a>", 0, 3, 0, "tag mismatch"},
    {"<a>\n<b x=1/></a>", 0, 2, 0, "AttValue"},
    {"<a>\n &undefined; </a>", 0, 2, 0, "undefined"},
    {"<a>\n\xFF\xC3</a>", 0, 2, 0, "well-formed"},
    {"<a/><b/>", 0, 1, 0, "well-formed"},
    {"<a xmlns:x='' x:y='1'/>", 0, 1, 0, NULL},
    {"<?xml version='1.0' encoding='UTF-7'?><a/>", 0, 1, 1, "UTF-7"},
    {"<?xml version='1.0' encoding='no-such'?><a/>", 0, 1, 1, "no-such"},
    {"<?xml version='1.0' encoding='ISO-2022-JP'?><a/>", 0, 1, 1, "Save the file as UTF-8"},
    {"<!DOCTYPE a>\n<a/>", 0, 1, 0, "DOCTYPE"},
    {"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]>\n<a>&x;</a>", 0, 2, 0, "DOCTYPE"},
    {"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>", 0, 1, 0, "DOCTYPE"},
    {"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
     "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]><a>&c;</a>",
     0, 1, 0, "DOCTYPE"},
    {"<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]><a/>", 0, 1, 0, "DOCTYPE"},
    {"<html/>", 0, 1, 1, "<definitions>"},
    {"\n  <definitions xmlns='http://www.omg.org/bpmn20'/>", 0, 2, 3, "namespace of BPMN 2.0"},
    {"<definitions " NAMESPACE "/>", 0, 1, 1, "executable"},
    {"<definitions " NAMESPACE "><process id='p' isExecutable='false'/></definitions>", 0, 1, 1,
     "executable"},
    {"<definitions " NAMESPACE "><process id='p' isExecutable='0'/></definitions>", 0, 1, 1,
     "executable"},
    {"<definitions " NAMESPACE ">\n<userTask id='u'/>\n</definitions>", 0, 1, 0, NULL},
};

static void test_bad_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        size_t length = bad[i].length > 0 ? bad[i].length : strlen(bad[i].bytes);
        struct reading *reading = reading_new(bad[i].bytes, length);
        bool is_right =
            reading->status == STATUS_INVALID && reading->error.line == bad[i].line &&
            (bad[i].column == 0 || reading->error.column == bad[i].column) &&
            (bad[i].words == NULL || strstr(reading->error.message, bad[i].words) != NULL);

        if (!is_right)
            print_error("row %zu: %s at %d:%d\n", i, reading->error.message, reading->error.line,
                        reading->error.column);
        assert_true(is_right);
        reading_free(reading);
    }
}

/* ---- limits ---- */

/* `head`, `count` times `middle` with its number for each '#', `tail`. */
static char *repeated(const char *head, const char *middle, size_t count, const char *tail)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    (void)fputs(head, stream);
    for (size_t i = 0; i < count; i++) {
        for (const char *at = middle; *at != '\0'; at++) {
            if (*at == '#')
                (void)fprintf(stream, "%zu", i);
            else
                (void)fputc(*at, stream);
        }
    }
    (void)fputs(tail, stream);
    (void)fclose(stream);
    return text;
}

static void check_too_large(char *text, const char *words)
{
    struct reading *reading = reading_of_text(text);

    assert_int_equal(reading->status, STATUS_TOO_LARGE);
    assert_non_null(strstr(reading->error.message, words));
    reading_free(reading);
    free(text);
}

static void test_depth(void **state)
{
    char *closed = repeated("", "</a>", 1000, "");
    char *near = repeated("", "<a>", BPMN_DEPTH_MAX, "");
    char *near_end = repeated(near, "</a>", BPMN_DEPTH_MAX, "");
    struct reading *reading = reading_of_text(near_end);

    (void)state;
    /* Deep enough to be looked at, and then no BPMN. */
    assert_int_equal(reading->status, STATUS_INVALID);
    assert_non_null(reading_finding(reading, "not-bpmn"));
    reading_free(reading);
    check_too_large(repeated("", "<a>", BPMN_DEPTH_MAX + 1, ""), "depth");
    check_too_large(repeated("", "<a>\n", 1000, closed), "depth");
    check_too_large(repeated("", "<a>", 1000000, ""), "depth");
    free(near_end);
    free(near);
    free(closed);
}

static void test_sizes(void **state)
{
    struct reading *reading;
    char *text;

    (void)state;
    check_too_large(repeated("<a ", "x#='' ", 1001, "/>"), "attributes");
    check_too_large(repeated("<a>", "<b/>", 1000000, "</a>"), "elements");
    text = repeated("<a>", "                ", BPMN_FILE_BYTES_MAX / 16, "</a>");
    check_too_large(text, "bytes");
    text = repeated("<definitions " NAMESPACE "><process id='p'>", "<task id='t#'/>",
                    BPMN_ELEMENTS_MAX + 10, "</process></definitions>");
    reading = reading_of_text(text);
    assert_int_equal(reading->status, STATUS_INVALID);
    assert_non_null(reading_finding(reading, "too-many-elements"));
    assert_int_equal(reading->findings.error_count, 1);
    reading_free(reading);
    free(text);
}

/* The limits hold for what UTF-16 hides from a look at the bytes. */
static void test_wide_depth(void **state)
{
    char *bytes = calloc(1000, 6);
    struct reading *reading;

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 1000; i++)
        memcpy(bytes + 6 * i, "<\0a\0>\0", 6);
    reading = reading_new(bytes, 6000);
    assert_int_equal(reading->status, STATUS_TOO_LARGE);
    reading_free(reading);
    free(bytes);
}

/* Lines past 65,535, where libxml2's own field ends. */
static void test_many_lines(void **state)
{
    char *text = repeated("<definitions " NAMESPACE ">", "\n", 70000,
                          "<process id='p'>\n <robotTask id='x'/></process></definitions>");
    struct reading *reading = reading_of_text(text);

    (void)state;
    assert_int_equal(reading->error.line, 70002);
    assert_int_equal(reading->error.column, 2);
    reading_free(reading);
    free(text);
}

/* A long id of two-byte characters is cut inside none of them. */
static void test_cut_characters(void **state)
{
    char *id = repeated("x", "\xC3\xBC", 120, "");
    char *text = NULL;
    struct reading *reading;

    (void)state;
    assert_true(asprintf(&text,
                         "<definitions " NAMESPACE "><process id='p'><startEvent id='s'/>"
                         "<sequenceFlow id='f' sourceRef='s' targetRef='%s'/></process>"
                         "</definitions>",
                         id) > 0);
    reading = reading_of_text(text);
    assert_non_null(reading_finding(reading, "sequence-flow-reference"));
    reading_free(reading);
    free(text);
    free(id);
}

/* ---- mutations ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

enum { MUTATIONS = 400, MUTATIONS_IN_ONE_MAX = 4 };

/* Truncates, flips, repeats, or puts something that means something in XML. */
static size_t mutate(char *bytes, size_t length, uint64_t *random)
{
    static const char marks[] = "<>&'\"/=!?[]-:#${}\xC3\xFF\n0";
    size_t at = (size_t)(next_random(random) % length);
    size_t other = (size_t)(next_random(random) % length);

    switch (next_random(random) % 5) {
    case 0:
        return at;
    case 1:
        bytes[at] = (char)(bytes[at] ^ (1 << next_random(random) % 8));
        return length;
    case 2:
        bytes[at] = marks[next_random(random) % (sizeof(marks) - 1)];
        return length;
    case 3: {
        size_t count = length - (at > other ? at : other);

        memmove(bytes + at, bytes + other, count < 64 ? count : 64);
        return length;
    }
    default:
        memmove(bytes + at, bytes + at + 1, length - at - 1);
        return length - 1;
    }
}

static void mutate_model(const char *name)
{
    char path[1024];
    uint64_t random = 0x9E3779B97F4A7C15u;
    size_t length;
    char *bytes;

    (void)snprintf(path, sizeof(path), "%s/tests/bpmn/models/%s", SOURCE_FOLDER, name);
    bytes = file_bytes(path, &length);
    assert_non_null(bytes);
    for (int i = 0; i < MUTATIONS; i++) {
        char *copy = malloc(length);
        size_t left = length;
        struct reading *reading;

        assert_non_null(copy);
        memcpy(copy, bytes, length);
        for (uint64_t n = next_random(&random) % MUTATIONS_IN_ONE_MAX + 1; n > 0 && left > 1; n--)
            left = mutate(copy, left, &random);
        reading = reading_new(copy, left);
        if (reading->document != NULL)
            json_decref(bpmn_document_describe(reading->document));
        reading_free(reading);
        free(copy);
    }
    free(bytes);
}

static void test_mutations(void **state)
{
    (void)state;
    mutate_model("everything.bpmn");
    mutate_model("dialects.bpmn");
    mutate_model("refused.bpmn");
}

/* Every prefix of a file: each is refused, until it is whole. */
static void test_truncations(void **state)
{
    static const char text[] = "<?xml version='1.0'?>" BODY("a");

    (void)state;
    for (size_t length = 0; length < sizeof(text); length++) {
        struct reading *reading = reading_new(text, length);

        assert_true((reading->status == STATUS_OK) == (length == sizeof(text) - 1));
        reading_free(reading);
    }
}

/* libxml2 is not heard on the standard error. */
static void test_silence(void **state)
{
    FILE *sink = tmpfile();
    int kept = dup(STDERR_FILENO);
    long written;

    assert_non_null(sink);
    (void)fflush(stderr);
    (void)dup2(fileno(sink), STDERR_FILENO);
    test_bad_bytes(state);
    test_truncations(state);
    (void)fflush(stderr);
    (void)dup2(kept, STDERR_FILENO);
    (void)close(kept);
    (void)fseek(sink, 0, SEEK_END);
    written = ftell(sink);
    (void)fclose(sink);
    assert_int_equal(written, 0);
}

/* ---- the reference models of the OMG's interchange group, when they are at hand ---- */

static void test_reference_models(void **state)
{
    static const char folder[] = SOURCE_FOLDER "/../shared/data/miwg-reference";
    static const char *const broken[] = {"xml",
                                         "unknown-element",
                                         "misplaced-element",
                                         "duplicate-id",
                                         "reference",
                                         "event-definition-position",
                                         "boundary-attachment",
                                         "sequence-flow-reference",
                                         "sequence-flow-scope",
                                         "gateway-direction",
                                         "message-flow-end",
                                         "message-flow-pool",
                                         "message-flow-reference",
                                         "nothing-starts",
                                         "default-flow"};
    DIR *directory = opendir(folder);
    unsigned count = 0;

    (void)state;
    if (directory == NULL)
        skip();
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[1024];
        struct reading *reading;
        size_t length;
        char *bytes;

        if (strstr(entry->d_name, ".bpmn") == NULL)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        bytes = file_bytes(path, &length);
        reading = reading_new(bytes, length);
        /* They are valid BPMN: refused for what cannot run, never as something unknown. */
        for (size_t i = 0; i < COUNT_OF(broken); i++)
            assert_null(reading_finding(reading, broken[i]));
        reading_free(reading);
        free(bytes);
        count++;
    }
    (void)closedir(directory);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_wide_depth),
        cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_cut_characters),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_reference_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
