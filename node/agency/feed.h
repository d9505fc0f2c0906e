/* The feed: every event of the ledger that this agency could open, numbered 1, 2, 3, ... in the
 * order in which it was opened. Within one case that is the order of the ledger, always. Entries
 * whose key came late are appended when it comes, with the block times they have; no event of their
 * case was fed before. Written by node/agency/follow.c in the transaction that moves the chain
 * cursor, read by the monitor with a cursor of its own: number N never changes its meaning, so a
 * reader that remembers the last N it has handled durably sees every event exactly once.
 *
 * Nothing of an event rests in the feed but its place; it is opened again from the chain when read.
 *
 * Entries that cancel or correct an earlier one are events of the feed too. A reader says whose
 * word it wants to hear (`as_of`, a feed number): an event that entries up to there cancel is told
 * as void, one that they correct is told with the corrected content, under its own number and with
 * its own block time. So a reader that handles the feed in order sees each event first as it was
 * recorded, and the whole case anew when an entry changes what was before it.
 *
 * Thread: the agency's only. All calls are synchronous and short; none may be made inside a
 * callback of rg_feed_read or rg_feed_read_case except rg_feed_tip and rg_feed_counts. */
#ifndef RG_NODE_AGENCY_FEED_H
#define RG_NODE_AGENCY_FEED_H

#include "base/err.h"
#include "base/types.h"
#include "proto/ledger_codec.h"

struct rg_feed;   /* opaque */
struct rg_recent; /* node/agency/recent.h */
struct rg_blocks; /* node/agency/blocks.h */
struct rg_genesis;
struct rg_vault;

/* One opened event. Everything is borrowed for the call. */
struct rg_feed_event {
    uint64_t feed_no;
    uint64_t case_no;  /* this node's number of the case, from 1; never reused */
    uint32_t event_no; /* 0-based in its case */
    struct rg_id pseudonym;
    uint64_t height;     /* where it stands: block, submission in it, entry in that; when it was */
    uint32_t submission; /* corrected, where the correction stands */
    uint32_t entry;
    uint64_t time_ms; /* of the block that first recorded it */
    uint32_t writer;  /* agency that recorded it */
    uint32_t member;  /* principal who recorded it */
    uint64_t readers; /* bit i: agency i */
    const struct rg_event *event;
    struct rg_bytes event_bytes; /* as its member sent it */
    const uint8_t *rest_key;     /* 32 bytes: seals what rests on disk about this case */
    enum rg_standing standing;   /* all but COUNTS: it is not to be judged */
    uint64_t by_height;          /* CANCELLED, CORRECTED: where the entry stands that made it so */
    uint32_t by_submission;
    uint32_t by_entry;
};

/* Told one event; an error stops the reading and is handed on. */
typedef rg_err (*rg_feed_fn)(void *ctx, const struct rg_feed_event *e);

/* What is known about a case. */
struct rg_feed_case {
    uint64_t case_no;
    struct rg_id pseudonym;
    uint8_t rest_key[RG_KEY_BYTES]; /* wipe it after use */
    uint64_t readers;
    uint32_t opener;      /* agency */
    uint32_t event_count; /* events in the feed */
    size_t file_len;      /* 0: this agency has no file number for it */
    char file[128];       /* not terminated by a NUL */
};

struct rg_feed_counts {
    uint64_t tip;        /* number of the newest event; 0: none */
    uint64_t height;     /* the chain was followed up to here */
    uint64_t time_ms;    /* block time there */
    uint64_t cases;      /* with at least one event */
    uint64_t parked;     /* entries waiting for their key */
    uint64_t unreadable; /* entries for others, and entries for us that could not be opened */
};

/* Events of all cases. */
struct rg_feed_span {
    uint64_t from; /* feed number, at least 1 */
    uint32_t max;
    uint64_t as_of; /* 0: every event as it was recorded */
};
/* Tell @fn the events of a span in order. Gives the number to go on with: tip + 1 when all were
 * told. Errors: RG_ERR_CORRUPT vault or chain do not hold what the feed names; RG_ERR_IO;
 * RG_ERR_NOMEM; any error of @fn; @out_next is then the event that failed. */
RG_CHECKED rg_err rg_feed_read(struct rg_feed *f, const struct rg_feed_span *span, rg_feed_fn fn,
                               void *ctx, uint64_t *out_next);
/* Events of one case. */
struct rg_feed_range {
    uint64_t case_no;
    uint32_t from; /* event number */
    uint32_t max;
    uint64_t through; /* feed number: later ones are left out, and not heard; UINT64_MAX: all */
    bool as_recorded; /* tell what each entry says itself, also when it was corrected */
};
/* Tell @fn the events of a range in order. Errors: RG_ERR_NOT_FOUND no such case; as rg_feed_read.
 */
RG_CHECKED rg_err rg_feed_read_case(struct rg_feed *f, const struct rg_feed_range *range,
                                    rg_feed_fn fn, void *ctx);
/* The number of the newest event; 0: none. */
uint64_t rg_feed_tip(const struct rg_feed *f);
/* Totals; cheap. */
void rg_feed_counts(const struct rg_feed *f, struct rg_feed_counts *out);
/* Give a case. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_feed_get_case(struct rg_feed *f, uint64_t case_no, struct rg_feed_case *out);
/* Give the first case with at least one event whose number is above @after (0: the first of all).
 * Errors: RG_ERR_NOT_FOUND there is none; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_feed_next_case(struct rg_feed *f, uint64_t after, uint64_t *out_case_no);
/* A search for the cases with an event in (@after, @through]. An entry that cancels or corrects is
 * an event of its case, so it changes the case too. */
struct rg_feed_changes {
    uint64_t after;
    uint64_t through;
    uint64_t next; /* event to look at; moved by the search */
    uint32_t left; /* events that may still be looked at; counted down */
};
/* Give the next such case, each once: @c->next is then its first event in the span, and the caller
 * goes on behind that. Errors: RG_ERR_NOT_FOUND there is none up to @c->through, or, with @c->next
 * not beyond it, @c->left is used up; RG_ERR_CORRUPT; RG_ERR_IO; RG_ERR_BUSY. */
RG_CHECKED rg_err rg_feed_next_changed(struct rg_feed *f, struct rg_feed_changes *c,
                                       uint64_t *out_case_no);

/* Made by the agency thread: a reader over vault and chain (@blocks), both borrowed. Errors:
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_feed_new(struct rg_vault *vault, struct rg_blocks *blocks,
                              const struct rg_genesis *genesis, struct rg_feed **out);
/* Where the follower keeps what it has just opened, for rg_feed_read; lives as long as @f. */
struct rg_recent *rg_feed_recent(struct rg_feed *f);
/* Free; takes *@f_p and nulls it; NULL is fine. */
void rg_feed_destroy(struct rg_feed **f_p);

#endif /* RG_NODE_AGENCY_FEED_H */
