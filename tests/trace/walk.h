/* A random walk: an instance is driven by random commands, right and wrong ones, and after each the
 * proofs of proofs.h must hold. The same seed walks the same way again. */
#ifndef SYNERGYFLOW_TESTS_TRACE_WALK_H
#define SYNERGYFLOW_TESTS_TRACE_WALK_H

#include "tests/step/fixture.h"
#include "tests/trace/proofs.h"

enum { WALK_SEEN_MAX = 256 };

struct walk {
    struct fixture fixture; /* opened by the caller, closed by walk_end() */
    struct bpmn_instance shadow;
    struct bpmn_instance replayed;
    struct text broken; /* what does not hold; freed by walk_end() */
    uint64_t random;
    struct uuid seen[WALK_SEEN_MAX]; /* ids of waits, open or not */
    uint32_t seen_count;
    uint32_t steps;
};

/* `walk->fixture` is open. */
void walk_begin(struct walk *walk, uint64_t seed);
void walk_end(struct walk *walk);
/* Random but reproducible, less than `below`. */
uint32_t walk_draw(struct walk *walk, uint32_t below);
/* One command with all proofs; the instance stays as it was when the command is refused. */
enum status walk_step(struct walk *walk, const struct bpmn_command *command);
/* Starts the instance, by one of its triggers when it has no plain start. */
enum status walk_start(struct walk *walk, const json_t *variables);
/* Answers a wait that may be open or long gone, with what fits it as a rule. */
void walk_answer(struct walk *walk, const json_t *variables);
/* The newest wait that is still open; NULL: nothing is waited for. */
const struct bpmn_wait *walk_open(struct walk *walk, uint32_t skip, struct uuid *ret_target);
/* Anything else: messages and signals by name, variables, moves, deletion. */
void walk_disturb(struct walk *walk, const json_t *variables);

#endif
