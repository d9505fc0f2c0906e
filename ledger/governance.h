/* Who takes turns, by which process definition cases are judged, and how the agencies change both:
 * a part of the clear state. An agency's admin key moves a motion and votes on it; with a quorum of
 * agencies it is carried. A carried set of authorities becomes the next one at once, and the block
 * after the one that carried it ends the epoch. A carried definition is in force from the height
 * that its motion names, at the earliest from the block after the one that carried it. What a
 * definition says is not known here; its text stays in the block where it was moved. Evidence
 * against authorities is noted here too. Pure: the same entries give the same bytes. Owner: whoever
 * holds the state. */
#ifndef RG_LEDGER_GOVERNANCE_H
#define RG_LEDGER_GOVERNANCE_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "ledger/verdict.h"

struct rg_genesis;

#define RG_MOTIONS_MAX 8u
#define RG_EPOCH_FIRST 1u /* of the genesis' authorities */

/* An ordered list of principals. */
struct rg_set {
    uint16_t count;
    uint16_t principal[RG_AUTHORITIES_MAX];
};

/* A process definition beside that of the genesis. */
struct rg_published {
    struct rg_hash hash; /* of its text */
    uint32_t version;    /* 0: none */
    uint32_t submission; /* where its text stands: submission in the block at `height` */
    uint64_t height;
    uint64_t from; /* in force from this height on; in a motion the earliest one */
};

/* What is moved: the next set of authorities, or else a definition. */
struct rg_motion {
    uint64_t expires_ms; /* ledger time */
    struct rg_set set;   /* empty: the definition */
    struct rg_published definition;
};

/* One agency's word on a motion, signed with its admin key. Who moves it votes for it. */
struct rg_ballot {
    struct rg_hash id; /* of the motion: hash of its bytes */
    uint32_t agency;
    bool approve;
    bool moves; /* brings the motion */
    struct rg_motion motion;
    struct rg_bytes text; /* of the definition that is moved; borrowed from the entry */
    struct rg_sig signature;
    struct rg_hash digest; /* what is signed: ledger, id, agency, approve */
};

struct rg_open_motion {
    struct rg_hash id;
    struct rg_motion motion;
    uint64_t yes; /* bit i: agency i */
    uint64_t no;
};

struct rg_governance {
    uint64_t epoch;
    struct rg_set previous; /* of the epoch before; empty in the first */
    struct rg_set current;
    struct rg_set next;       /* carried; begins after the next block; empty: none */
    uint64_t guilty;          /* bit i: evidence against authority i of `current` is recorded */
    uint64_t guilty_previous; /* the same of `previous` */
    uint32_t motion_count;
    struct rg_open_motion motion[RG_MOTIONS_MAX];
    uint32_t published_count; /* carried, beside that of the genesis; their versions and the */
    struct rg_published published[RG_DEFINITIONS_MAX]; /* heights they are in force from ascend */
};

/* Where a ballot stands. */
struct rg_ballot_place {
    uint64_t height;
    uint32_t submission;
    uint64_t time_ms; /* of the block */
};

#define RG_GOVERNANCE_SET_BYTES (2 + RG_AUTHORITIES_MAX * 2)
#define RG_GOVERNANCE_PUBLISHED_BYTES (RG_HASH_BYTES + 4 + 4 + 8 + 8)
#define RG_GOVERNANCE_BYTES_MAX                                                                    \
    (8 + 3 * RG_GOVERNANCE_SET_BYTES + 16 + 4 +                                                    \
     RG_MOTIONS_MAX * (RG_HASH_BYTES + 8 + RG_GOVERNANCE_SET_BYTES + 16) + 4 +                     \
     (RG_DEFINITIONS_MAX + RG_MOTIONS_MAX) * RG_GOVERNANCE_PUBLISHED_BYTES)

/* Of the genesis. */
void rg_governance_init(struct rg_governance *v, const struct rg_genesis *g);
/* How many agencies carry a motion: ceil((n + f + 1) / 2) with f = floor((n - 1) / 3), as for
 * authorities. */
uint32_t rg_governance_quorum(const struct rg_genesis *g);
/* Whether @set may take turns: 1 to 64 nodes of the ledger, none twice, at most one an agency. */
bool rg_governance_set_ok(const struct rg_genesis *g, const struct rg_set *set);
/* Take a ballot whose form and signature are good and that stands at @at. ACCEPTED, or why it
 * changed nothing: MOTION_EXPIRED, KNOWN (this agency has voted, or the motion is there),
 * NO_MOTION, BUSY (too many motions, or a carried set has not begun yet), OLD_VERSION (it moves a
 * definition that is not newer than the last one carried), LEDGER_FULL. */
enum rg_verdict rg_governance_ballot(struct rg_governance *v, const struct rg_genesis *g,
                                     const struct rg_ballot *b, const struct rg_ballot_place *at);
/* How many of the published definitions are in force at @height or were before: the last of them
 * is in force there. 0: that of the genesis is. */
uint32_t rg_governance_published_at(const struct rg_governance *v, uint64_t height);
/* Whether a definition is published or moved: then the bytes have a later form. */
bool rg_governance_has_definitions(const struct rg_governance *v);
/* Note that authority @index of the current set (or the previous one) is guilty. ACCEPTED or KNOWN.
 */
enum rg_verdict rg_governance_accuse(struct rg_governance *v, bool previous, uint32_t index);
/* Drop motions that expired before @time_ms; true when there was one. */
bool rg_governance_expire(struct rg_governance *v, uint64_t time_ms);
/* The next set takes over. There must be one. */
void rg_governance_end_epoch(struct rg_governance *v);
/* The identity of the next set, as it stands in the last header of an epoch. */
void rg_governance_set_id(const struct rg_set *set, const struct rg_genesis *g,
                          struct rg_hash *out);
/* Write to @out (RG_GOVERNANCE_BYTES_MAX); returns the length. */
size_t rg_governance_encode(const struct rg_governance *v, uint8_t *out);
/* Read. Errors: RG_ERR_CORRUPT  no such bytes; @out is then undefined. */
RG_CHECKED rg_err rg_governance_decode(struct rg_bytes bytes, struct rg_governance *out);

#endif /* RG_LEDGER_GOVERNANCE_H */
