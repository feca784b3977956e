/* Merging what a feed says into a calendar's document. */
#ifndef SYNERGYFLOW_CALENDAR_CALENDAR_IMPORT_H
#define SYNERGYFLOW_CALENDAR_CALENDAR_IMPORT_H

#include "bpmn/base/status.h"

#include <jansson.h>
#include <stdint.h>

/* An import. Entries are told apart by kind and UID (shifts and week days by their date or day), so
 * importing the same feed twice changes nothing. What the document has from `source` in the days
 * `from_day` to `to_day` and the feed has no more is removed. Other sources, what people wrote, and
 * days outside stay as they are; a holiday that was switched off stays off; a shift or a day of the
 * week that does not come from the feed is not replaced. */
struct calendar_import {
    const json_t *document; /* in the canonical form of calendar_write() */
    const json_t *entries;  /* of icalendar_read() */
    const char *source;
    int64_t from_day;
    int64_t to_day;
};

/* The caller owns both results: the new document, whose version is one more when anything changed
 * (it is up to calendar_read() to accept it), and the difference: {"added": [entry…], "changed":
 * [{"before": entry, "after": entry}…], "removed": [entry…], "overruled": [entry…], "unchanged":
 * count}; overruled are those that the document's own shifts and week stand against. */
void calendar_import(const struct calendar_import *import, json_t **ret_document,
                     json_t **ret_difference);
/* Whether a difference is one. */
bool calendar_import_changes(const json_t *difference);

#endif
