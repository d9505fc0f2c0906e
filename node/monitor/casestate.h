/* What the monitor remembers about cases: the rules state, when it is due, and where each event
 * stands. A bounded cache over the tables STATE and DUE of the alerts store; changes stay in the
 * cache until they are written, all of them in one transaction of the owner's. Sealed at rest under
 * the case's own key.
 *
 * Owner: the agency thread. A case that was given stays where it is until rg_casestate_release();
 * changed cases stay until they were written. */
#ifndef RG_MONITOR_CASESTATE_H
#define RG_MONITOR_CASESTATE_H

#include "base/err.h"
#include "base/types.h"
#include "node/monitor/cloudevent.h"
#include "storage/kv.h"

#define RG_CASESTATE_CACHE_MAX 16384 /* cases in memory */
#define RG_CASESTATE_DIRTY_MAX 8192  /* changed ones: then write */
#define RG_CASESTATE_PLACES_MAX 1024 /* of the first events of a case */
#define RG_CASESTATE_NEVER INT64_MAX

struct rg_casestates; /* opaque: all of them */

/* Who a case is. */
struct rg_casestate_name {
    uint64_t case_no;
    struct rg_id pseudonym;
    const uint8_t *rest_key; /* 32 bytes */
    uint64_t readers;        /* bit i: agency i */
};

/* One case. Read the members; change them by the functions only. */
struct rg_casestate {
    uint64_t case_no;
    struct rg_id pseudonym;
    uint8_t rest_key[RG_KEY_BYTES];
    uint64_t readers;     /* as named by who asked for it last; not stored */
    uint32_t event_count; /* events judged */
    uint64_t from;        /* ... by the definition in force from this height on; 0: the first */
    int64_t due_ms;
    struct rg_bytes state;   /* of the rules host; empty: none yet */
    struct rg_place *places; /* of events 0, 1, ...; place_count of them */
    uint32_t place_count;
    uint32_t place_cap;
    int64_t due_stored_ms; /* what the table DUE holds */
    bool known;            /* read or made; else free */
    bool dirty;
    bool pinned;
    bool used;
    uint32_t next; /* in its bucket */
};

/* Make the cache over @kv (borrowed). Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_casestate_cache_create(struct rg_kv *kv, const struct rg_hash *ledger,
                                            struct rg_casestates **out);
/* Free with all that was not written; wipes keys; takes *@s_p and nulls it; NULL is fine. */
void rg_casestate_cache_destroy(struct rg_casestates **s_p);
/* Give the case in memory, or NULL. Does not pin it. */
struct rg_casestate *rg_casestate_peek(struct rg_casestates *s, uint64_t case_no);
/* Give the case: from memory, from the store, or new.
 * Errors: RG_ERR_FULL  all is pinned or unwritten: write first; RG_ERR_CORRUPT the stored state
 *         does not open; RG_ERR_NOMEM, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_casestate_get(struct rg_casestates *s, const struct rg_casestate_name *name,
                                   struct rg_casestate **out);
/* Set the rules state and when it is due. Errors: RG_ERR_NOMEM  nothing changed. */
RG_CHECKED rg_err rg_casestate_set(struct rg_casestates *s, struct rg_casestate *c,
                                   struct rg_bytes state, int64_t due_ms);
/* Note from which height on the definition is in force by which the case is judged; comes with
 * rg_casestate_set(). */
void rg_casestate_set_from(struct rg_casestates *s, struct rg_casestate *c, uint64_t from);
/* Note that the next event was judged, and where it stands.
 * Errors: RG_ERR_NOMEM  it is counted, its place is not kept. */
RG_CHECKED rg_err rg_casestate_add_event(struct rg_casestates *s, struct rg_casestate *c,
                                         const struct rg_place *place);
/* Forget state and events: the case is judged anew from its first event. */
void rg_casestate_reset(struct rg_casestates *s, struct rg_casestate *c);
/* Let go of all cases that were given. */
void rg_casestate_release(struct rg_casestates *s);
/* Cases that are not written yet. */
size_t rg_casestate_cache_dirty(const struct rg_casestates *s);
/* Write all changed cases. Errors: as rg_kv_put(); RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_casestate_cache_write(struct rg_casestates *s, struct rg_kv_txn *txn);
/* The transaction of the last write is durable: nothing is changed now. */
void rg_casestate_cache_written(struct rg_casestates *s);
/* The earliest time at which a case is due, as far as known without reading the store: never later
 * than the true one. RG_CASESTATE_NEVER: none is. */
int64_t rg_casestate_cache_due_floor(const struct rg_casestates *s);
/* Write to @out the numbers of up to @max cases due before @before_ms, earliest first, leaving out
 * the first @skip. There must be no unwritten ones (asserted). Gives how many.
 * Errors: as rg_kv_cursor_seek(). */
RG_CHECKED rg_err rg_casestate_cache_due(struct rg_casestates *s, int64_t before_ms, size_t skip,
                                         uint64_t *out, size_t max, size_t *out_count);

#endif /* RG_MONITOR_CASESTATE_H */
