/* The newest events of the feed, still opened: the monitor reads them right behind the follower,
 * and opening each a second time would cost more than keeping it for a moment. A ring in memory,
 * bounded in count and bytes; whoever asks for more opens the entry again from the chain. Wiped at
 * the end.
 *
 * Owner and thread: the agency's. */
#ifndef RG_AGENCY_RECENT_H
#define RG_AGENCY_RECENT_H

#include "base/err.h"
#include "node/agency/vault.h"

#define RG_RECENT_COUNT 4096u
#define RG_RECENT_BYTES (2u * 1024u * 1024u)

struct rg_recent; /* opaque */

struct rg_recent_event {
    struct rg_vault_feed record;
    uint32_t writer; /* agency */
    uint32_t member; /* principal */
    struct rg_id pseudonym;
    struct rg_bytes event; /* bytes of an Event */
};

/* Make an empty ring. Gives @out. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_recent_new(struct rg_recent **out);
/* Wipe and free; takes *@r_p and nulls it; NULL is fine. */
void rg_recent_destroy(struct rg_recent **r_p);
/* Keep event @feed_no (copied). A number that does not follow the last one empties the ring first.
 */
void rg_recent_put(struct rg_recent *r, uint64_t feed_no, const struct rg_recent_event *e);
/* Event @feed_no if it is kept; its bytes are valid until the next put. */
bool rg_recent_get(const struct rg_recent *r, uint64_t feed_no, struct rg_recent_event *out);

#endif /* RG_AGENCY_RECENT_H */
