/* Events out of an XES file (IEEE 1849), as it streams by. Hostile files meet caps: depth, length
 * of one tag or text, attributes of an event; a DOCTYPE, and with it every entity of the file's
 * own, is refused. Attributes of attributes and of the log are passed over; of a trace only its
 * name counts. Owner: one thread. Knows nothing of what the attributes mean under a process
 * definition. */
#ifndef RG_CLI_XES_H
#define RG_CLI_XES_H

#include "node/cli/unpack.h"

#define RG_XES_DEPTH_MAX 32
#define RG_XES_TOKEN_MAX (64u * 1024)
#define RG_XES_ATTRIBUTES_MAX 128 /* of one event */
#define RG_XES_EVENT_MAX (64u * 1024)
#define RG_XES_TRACE_NAME_MAX 1024
#define RG_XES_WHY_MAX 640

struct rg_xes;

struct rg_xes_attribute {
    struct rg_bytes key;
    struct rg_bytes value; /* its data is NULL for a list, which has none */
};

struct rg_xes_event {
    uint64_t line; /* of its tag, from 1 */
    uint64_t column;
    struct rg_bytes trace; /* concept:name of the trace; all ranges borrowed until the next event */
    size_t count;
    struct rg_xes_attribute attributes[RG_XES_ATTRIBUTES_MAX];
};

/* Read events out of @file, which is borrowed. Gives @out, freed with rg_xes_destroy. Errors:
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_xes_new(struct rg_unpack *file, struct rg_xes **out);
/* Free; takes *@x_p and nulls it; NULL is fine. */
void rg_xes_destroy(struct rg_xes **x_p);
/* Give the next event. Errors: RG_ERR_CLOSED  the end; RG_ERR_INVALID  it is no XES, or over a cap;
 * those of rg_unpack_next. For all but CLOSED rg_xes_why has a sentence with line and column. */
RG_CHECKED rg_err rg_xes_next(struct rg_xes *x, const struct rg_xes_event **out);
/* What was wrong. */
const char *rg_xes_why(const struct rg_xes *x);

#endif /* RG_CLI_XES_H */
