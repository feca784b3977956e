/* Replays a fuzzer's corpus without a fuzzer: seeds and past findings are ordinary tests. Built
 * once for each fuzz target, with its folder as CORPUS_FOLDER. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 4 * 1024 * 1024 };

/* In a block of exactly its size, so that the sanitizer sees a byte read too far. */
static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *room = memory_alloc(INPUT_BYTES_MAX);
    uint8_t *input;
    size_t size;

    assert_non_null(file);
    size = fread(room, 1, INPUT_BYTES_MAX, file);
    (void)fclose(file);
    input = memory_alloc(size > 0 ? size : 1);
    memcpy(input, room, size);
    memory_free(room);
    assert_int_equal(LLVMFuzzerTestOneInput(input, size), 0);
    memory_free(input);
}

static void corpus(void **state)
{
    DIR *folder = opendir(CORPUS_FOLDER);
    const struct dirent *entry;
    unsigned count = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[1024];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", CORPUS_FOLDER, entry->d_name);
        replay(path);
        count++;
    }
    (void)closedir(folder);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(corpus)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
