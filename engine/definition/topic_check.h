/* The topics of a model: one that no module of this engine hosts is found when the model is
 * deployed. */
#ifndef SYNERGYFLOW_TOPIC_CHECK_H
#define SYNERGYFLOW_TOPIC_CHECK_H

#include "bpmn/reader/reader.h"

/* Who knows the modules. */
struct topic_hosts {
    bool (*has)(void *context, const char *topic); /* NULL: nobody is asked */
    void *context;
};

/* Adds an error (rule "topic-unknown") for each service task and each listener whose topic is
 * written out and has no host; what an expression gives is known only when it runs. */
void topic_check_model(const struct bpmn_model *model, const struct topic_hosts *hosts,
                       struct bpmn_findings *findings);

#endif
