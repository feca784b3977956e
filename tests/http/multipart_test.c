/* multipart/form-data: well-formed bodies in their variants, malformed ones, and random damage. */
#include "engine/http/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=b1"
#define FILE_PART                                                                    \
    "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bpmn\"\r\n" \
    "Content-Type: text/xml\r\n\r\n<xml/>\r\n"

struct form {
    struct http_request *request;
    struct http_part *parts;
    uint32_t count;
    struct error error;
};

static enum status form_read(struct form *form, const char *content_type, const char *body,
                             size_t length)
{
    form->request = calloc(1, sizeof(*form->request));
    form->request->arena = arena_new(1 << 20);
    if (content_type != NULL) {
        form->request->headers[0] =
            (struct http_field){"content-type", arena_copy(form->request->arena, content_type)};
        form->request->header_count = 1;
    }
    text_append_bytes(&form->request->body, body, length);
    return http_multipart(form->request, &form->parts, &form->count, &form->error);
}

static void form_free(struct form *form)
{
    arena_free(form->request->arena);
    text_deinit(&form->request->body);
    free(form->request);
}

static void parts_are_cut(void **state)
{
    static const char body[] =
        "a preamble\r\n" FILE_PART
        "--b1  \r\ncontent-disposition:form-data;name=plain\r\n\r\nvalue\r\n"
        "--b1\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
        "--b1\r\nX-Other: 1\r\nContent-Disposition: form-data; name=\"bin\\\"ary\"; "
        "filename=\"C:\\dir\\x\"\r\n\r\n\0\r\n--b\r\n\xFF\r\n"
        "--b1\r\nContent-Disposition: form-data; name=\"u\"; filename=\"x\"; "
        "filename*=UTF-8'de'%C3%A4.xml\r\n\r\n\r\n--b1--\r\nan epilogue";
    struct form form = {0};

    (void)state;
    assert_int_equal(form_read(&form, TYPE, body, sizeof(body) - 1), STATUS_OK);
    assert_int_equal(form.count, 5);
    assert_string_equal(form.parts[0].name, "file");
    assert_string_equal(form.parts[0].file_name, "a.bpmn");
    assert_string_equal(form.parts[0].content_type, "text/xml");
    assert_int_equal(form.parts[0].length, 6);
    assert_memory_equal(form.parts[0].bytes, "<xml/>", 6);
    assert_string_equal(form.parts[1].name, "plain");
    assert_null(form.parts[1].file_name);
    assert_string_equal(form.parts[1].content_type, "text/plain");
    assert_memory_equal(form.parts[1].bytes, "value", form.parts[1].length);
    assert_int_equal(form.parts[2].length, 0);
    assert_string_equal(form.parts[3].name, "bin\"ary");
    assert_string_equal(form.parts[3].file_name, "C:\\dir\\x");
    assert_int_equal(form.parts[3].length, 9);
    assert_memory_equal(form.parts[3].bytes, "\0\r\n--b\r\n\xFF", 9);
    assert_string_equal(form.parts[4].file_name, "\xC3\xA4.xml");
    assert_int_equal(form.parts[4].length, 0);
    form_free(&form);
}

static void boundaries_come_in_variants(void **state)
{
    static const char *const types[] = {
        "multipart/form-data; boundary=b1",
        "Multipart/Form-Data;BOUNDARY=\"b1\"",
        "multipart/form-data; charset=utf-8; boundary=b1 ; x=y",
    };
    static const char body[] = FILE_PART "--b1--";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct form form = {0};

        assert_int_equal(form_read(&form, types[i], body, sizeof(body) - 1), STATUS_OK);
        assert_int_equal(form.count, 1);
        form_free(&form);
    }
}

static void what_is_malformed_is_refused(void **state)
{
    static const struct {
        const char *type;
        const char *body;
        enum status status;
    } cases[] = {
        {NULL, FILE_PART "--b1--", STATUS_UNSUPPORTED_MEDIA},
        {"application/json", "{}", STATUS_UNSUPPORTED_MEDIA},
        {"multipart/form-database; boundary=b1", FILE_PART "--b1--", STATUS_UNSUPPORTED_MEDIA},
        {"multipart/mixed; boundary=b1", FILE_PART "--b1--", STATUS_UNSUPPORTED_MEDIA},
        {"multipart/form-data", FILE_PART "--b1--", STATUS_INVALID},
        {"multipart/form-data; boundary=", FILE_PART "--b1--", STATUS_INVALID},
        {"multipart/form-data; boundary=\"b1", FILE_PART "--b1--", STATUS_INVALID},
        {"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789"
         "012345678901234567890",
         "", STATUS_INVALID},
        {TYPE, "", STATUS_INVALID},
        {TYPE, "nothing here", STATUS_INVALID},
        {TYPE, "--b1", STATUS_INVALID},
        {TYPE, "--b1\r\n", STATUS_INVALID},
        {TYPE, "--b1x\r\n", STATUS_INVALID},
        {TYPE, FILE_PART, STATUS_INVALID},
        {TYPE, FILE_PART "--b1", STATUS_INVALID},
        {TYPE, FILE_PART "--b1-", STATUS_INVALID},
        {TYPE, "--b1\r\n\r\nno headers\r\n--b1--", STATUS_INVALID},
        {TYPE, "--b1\r\nno colon\r\n\r\n\r\n--b1--", STATUS_INVALID},
        {TYPE, "--b1\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--b1--",
         STATUS_INVALID},
        {TYPE, "--b1\r\nContent-Disposition: form-data\r\n\r\n\r\n--b1--", STATUS_INVALID},
        {TYPE, "--b1\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n--b1--",
         STATUS_INVALID},
        {TYPE, "--b1\r\nContent-Disposition: form-data; name=\"\xFF\"\r\n\r\n\r\n--b1--",
         STATUS_INVALID},
        {TYPE, "--b1\r\nContent-Disposition: form-data; name=a; filename=\xFF\r\n\r\n\r\n--b1--",
         STATUS_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct form form = {0};

        if (form_read(&form, cases[i].type, cases[i].body, strlen(cases[i].body)) !=
            cases[i].status)
            fail_msg("case %zu: expected %s, but found %s", i, status_name(cases[i].status),
                     status_name(form.error.status));
        assert_true(strncmp(form.error.message, "Expected ", 9) == 0);
        form_free(&form);
    }
}

static void an_end_without_parts_is_an_empty_form(void **state)
{
    struct form form = {0};

    (void)state;
    assert_int_equal(form_read(&form, TYPE, "--b1--", 6), STATUS_OK);
    assert_int_equal(form.count, 0);
    form_free(&form);
}

static void too_many_parts_are_refused(void **state)
{
    struct text body = TEXT_INIT;
    struct form form = {0};

    (void)state;
    for (int i = 0; i < HTTP_PARTS_MAX + 1; i++)
        text_append(&body, FILE_PART);
    text_append(&body, "--b1--");
    assert_int_equal(form_read(&form, TYPE, body.bytes, body.length), STATUS_INVALID);
    assert_non_null(strstr(form.error.message, "64 parts"));
    form_free(&form);
    text_deinit(&body);
}

/* A fixed seed: the same damage each time. Under sanitizers, surviving is the proof. */
static void damage_is_survived(void **state)
{
    static const char good[] =
        FILE_PART "--b1\r\nContent-Disposition: form-data; name=\"n\"; filename*=UTF-8''%41\r\n"
                  "\r\nvalue\r\n--b1--\r\n";
    static const char pieces[] = "\r\n-b1\";=:%'*\0\xFF";
    unsigned seed = 4711;
    unsigned refused = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        char body[sizeof(good)];
        size_t length = sizeof(good) - 1;
        struct form form = {0};

        memcpy(body, good, sizeof(good));
        for (int change = 0; change < 1 + round % 4; change++) {
            seed = seed * 1103515245 + 12345;
            body[(seed >> 8) % length] = pieces[(seed >> 20) % (sizeof(pieces) - 1)];
        }
        if (round % 3 == 0)
            length = (seed >> 4) % length;
        if (form_read(&form, TYPE, body, length) != STATUS_OK)
            refused++;
        for (uint32_t i = 0; form.error.status == STATUS_OK && i < form.count; i++) {
            assert_non_null(form.parts[i].name);
            assert_true(form.parts[i].bytes + form.parts[i].length <=
                        form.request->body.bytes + length);
        }
        form_free(&form);
    }
    assert_in_range(refused, 500, 2999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_cut),
        cmocka_unit_test(boundaries_come_in_variants),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(an_end_without_parts_is_an_empty_form),
        cmocka_unit_test(too_many_parts_are_refused),
        cmocka_unit_test(damage_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
