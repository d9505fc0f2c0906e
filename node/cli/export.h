/* An export in pieces: events come from the node page by page, a format writes them as they come.
 * The formats know nothing of node and file. docs/event-logs.md says what they look like. */
#ifndef RG_CLI_EXPORT_H
#define RG_CLI_EXPORT_H

#include "node/cli/exportfile.h"
#include "proto/ledger_codec.h"

#define RG_EXPORT_WHY_MAX 512

struct rg_export_event {
    struct rg_bytes case_id; /* file number of this agency, or the pseudonym in hexadecimal */
    struct rg_bytes key; /* the same for ever, also when a file number comes later; may be empty */
    uint32_t event_no;   /* in its case, from 0: the first of a case tells that it begins */
    struct rg_bytes agency; /* that recorded it */
    int64_t recorded_ms;    /* time of its block */
    bool is_void;           /* cancelled, or about another event: it has its number, that is all */
    const struct rg_event *event;
};

/* One run of a format. */
struct rg_export {
    struct rg_exportfile *out;
    uint64_t events; /* written so far */
    uint64_t cases;
    void *state; /* the format's own */
    char why[RG_EXPORT_WHY_MAX];
};

/* A format. Errors of its calls: RG_ERR_INVALID  the format cannot hold an event, RG_ERR_FULL a
 * limit (both: @x->why has a sentence); RG_ERR_NOMEM. Errors of writing stay in @x->out. */
struct rg_export_format {
    const char *name;
    /* Not NULL: it must see all events before it begins. */
    rg_err (*survey)(struct rg_export *x, const struct rg_export_event *e);
    rg_err (*begin)(struct rg_export *x);
    rg_err (*event)(struct rg_export *x, const struct rg_export_event *e);
    rg_err (*end)(struct rg_export *x);
    void (*fini)(struct rg_export *x); /* frees the state; always called */
};

extern const struct rg_export_format rg_export_csv;
extern const struct rg_export_format rg_export_xes;
extern const struct rg_export_format rg_export_ocel;

/* Keep a sentence about event @e; returns @err. */
rg_err rg_export_fail(struct rg_export *x, rg_err err, const struct rg_export_event *e,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Whether a field of this name can be told from the columns and keys with a meaning of their own.
 * Errors: RG_ERR_INVALID it cannot. */
RG_CHECKED rg_err rg_export_check_field(struct rg_export *x, const struct rg_export_event *e,
                                        struct rg_bytes name);
/* The fields of an event in the order in which all formats write them: lifecycle, resource, group,
 * then by name. */
void rg_export_sort(const struct rg_event *e, const struct rg_event_field *out[RG_FIELDS_MAX]);
/* Compare two names by that order. */
int rg_export_order(struct rg_bytes a, struct rg_bytes b);

/* A set of names, kept sorted by bytes. Start with zeros. */
struct rg_export_names {
    struct rg_bytes *names; /* malloc'ed */
    size_t count;
    size_t cap;
};

#define RG_EXPORT_NAMES_MAX 65536u

/* Add a copy of @name unless it is there. Errors: RG_ERR_NOMEM; RG_ERR_FULL. */
RG_CHECKED rg_err rg_export_names_add(struct rg_export_names *set, struct rg_bytes name);
/* Free them. */
void rg_export_names_fini(struct rg_export_names *set);

#endif /* RG_CLI_EXPORT_H */
