/* One file through the BPMN reader, on whichever thread there is. See cache.h. */
#include "engine/definition/cache.h"

void parse_init(struct parse *parse, struct arena *arena, const char *bytes, size_t length)
{
    *parse = (struct parse){.bytes = bytes, .length = length, .findings.arena = arena};
}

void parse_run(struct parse *parse)
{
    PRE(parse->document == NULL);
    parse->status =
        bpmn_read(parse->bytes, parse->length, &parse->findings, &parse->document, &parse->error);
    POST(IMPLIES(parse->status == STATUS_OK, parse->document != NULL));
}
