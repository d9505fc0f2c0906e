#include "node/agency/recent.h"
#include "crypto/rand.h"
#include <stdlib.h>

struct slot {
    struct rg_recent_event e; /* its bytes point into `bytes` */
    uint64_t end;             /* bytes ever written when it was put */
};

struct rg_recent {
    uint64_t next;    /* the number that would follow the last one */
    uint64_t count;   /* kept, counted back from next - 1 */
    uint64_t written; /* bytes ever written */
    struct slot slot[RG_RECENT_COUNT];
    uint8_t bytes[RG_RECENT_BYTES];
};

rg_err rg_recent_new(struct rg_recent **out)
{
    struct rg_recent *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return RG_ERR_NOMEM;
    }
    *out = r;
    return RG_OK;
}

void rg_recent_destroy(struct rg_recent **r_p)
{
    if (r_p != NULL && *r_p != NULL) {
        rg_rand_wipe(*r_p, sizeof **r_p);
        free(*r_p);
        *r_p = NULL;
    }
}

void rg_recent_put(struct rg_recent *r, uint64_t feed_no, const struct rg_recent_event *e)
{
    if (feed_no != r->next) {
        r->count = 0;
        r->next = feed_no;
    }
    if (e->event.len > RG_RECENT_BYTES) {
        r->count = 0;
        r->next = feed_no + 1;
        return;
    }
    /* A range that would cross the end begins at the start again. */
    if (r->written % RG_RECENT_BYTES + e->event.len > RG_RECENT_BYTES) {
        r->written += RG_RECENT_BYTES - r->written % RG_RECENT_BYTES;
    }
    uint8_t *at = r->bytes + r->written % RG_RECENT_BYTES;
    if (e->event.len > 0) {
        memcpy(at, e->event.data, e->event.len);
    }
    r->written += e->event.len;
    struct slot *s = &r->slot[feed_no % RG_RECENT_COUNT];
    s->e = *e;
    s->e.event.data = at;
    s->end = r->written;
    r->next = feed_no + 1;
    r->count += r->count < RG_RECENT_COUNT ? 1 : 0;
}

bool rg_recent_get(const struct rg_recent *r, uint64_t feed_no, struct rg_recent_event *out)
{
    if (feed_no >= r->next || r->next - feed_no > r->count) {
        return false;
    }
    const struct slot *s = &r->slot[feed_no % RG_RECENT_COUNT];
    /* Overwritten once the ring of bytes went round behind its first byte. */
    if (r->written - (s->end - s->e.event.len) > RG_RECENT_BYTES) {
        return false;
    }
    *out = s->e;
    return true;
}
