/* What a node says of motions, with names: shared by `motions`, `propose` and `vote`. */
#ifndef RG_CLI_MOTIONS_H
#define RG_CLI_MOTIONS_H

#include "proto/client_codec.h"
#include <jansson.h>

/* What became of a motion. */
enum rg_motions_state {
    RG_MOTIONS_OPEN,
    RG_MOTIONS_CARRIED, /* its set is the next one, or takes turns already; its definition is
                         * published
                         */
    RG_MOTIONS_CLOSED   /* expired, or enough are against it */
};

/* Whether both list the same principals in the same order. */
bool rg_motions_same(const struct rg_set *a, const struct rg_set *b);
/* The open motion @id, or NULL. */
const struct rg_open_motion *rg_motions_find(const struct rg_answer_motions *m,
                                             const struct rg_hash *id);
/* What became of @motion, whose id is @id. */
enum rg_motions_state rg_motions_state(const struct rg_answer_motions *m, const struct rg_hash *id,
                                       const struct rg_motion *motion);
/* `open`, `carried`, `closed`. */
const char *rg_motions_state_text(enum rg_motions_state state);
/* How many yes @o still needs. */
uint32_t rg_motions_missing(const struct rg_answer_motions *m, const struct rg_open_motion *o);
/* Print a set as `BAMF (node1), ...`, and agencies as `BAMF, ...`; `none` when empty. */
void rg_motions_print_set(const struct rg_answer_motions *m, const struct rg_set *set);
void rg_motions_print_agencies(const struct rg_answer_motions *m, uint64_t bits);
/* The object of `motions --json`; NULL: out of memory. The caller decrefs. */
json_t *rg_motions_json(const struct rg_answer_motions *m);

#endif /* RG_CLI_MOTIONS_H */
