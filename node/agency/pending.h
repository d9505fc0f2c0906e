/* This node's own submissions between being made and being followed: their new cases, counters,
 * file numbers and stream numbers are not in the vault yet but count already. Each submission's
 * part travels sealed in the journal (`private`), so a crash brings it back as RG_LINK_OWN_RECORD;
 * following its block moves it into the vault.
 *
 * One struct rg_pending_sub is one submission. While it is built its cases can be found at once, so
 * two events of a new case may stand in one submission. Owner: the agency thread. */
#ifndef RG_AGENCY_PENDING_H
#define RG_AGENCY_PENDING_H

#include "node/agency/vault.h"

#define RG_PENDING_SUBS_MAX 64 /* not followed yet; over it nothing new is packed */

struct rg_pending; /* opaque */

/* A case that is not in the vault yet. Secret. */
struct rg_pending_case {
    struct rg_vault_case c;
    size_t file_len;
    char file[RG_FILE_NUMBER_MAX];
    uint64_t acked; /* bit i: the node at place i has its key */
    struct rg_pending_case *next;
};

struct rg_pending_link {
    uint64_t case_no;
    size_t file_len;
    char file[RG_FILE_NUMBER_MAX];
    struct rg_pending_link *next;
};

struct rg_pending_stream {
    struct rg_id stream;
    uint64_t number; /* highest in this submission */
    struct rg_pending_stream *next;
};

struct rg_pending_sub {
    uint64_t token;
    uint64_t sequence;             /* 0: not taken yet */
    struct rg_pending_case *cases; /* in order of making */
    struct rg_pending_case **cases_end;
    uint32_t case_count;
    struct rg_pending_link *links;
    uint32_t link_count;
    struct rg_pending_stream *streams;
    uint32_t stream_count;
    uint64_t *entries; /* case numbers, in order */
    uint32_t entry_count;
    struct rg_pending_sub *next;
};

/* Make an empty set over @vault (borrowed) for agency @agency. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pending_new(struct rg_vault *vault, uint32_t agency, struct rg_pending **out);
/* Wipe and free; takes *@p and nulls it; NULL is fine. */
void rg_pending_destroy(struct rg_pending **p);

/* Find the case of a file number, a pseudonym, a commitment: pending ones, then the vault.
 * Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_pending_find_file(struct rg_pending *p, struct rg_bytes file, uint64_t *out);
RG_CHECKED rg_err rg_pending_find_pseudonym(struct rg_pending *p, const struct rg_id *pseudonym,
                                            uint64_t *out);
RG_CHECKED rg_err rg_pending_find_commitment(struct rg_pending *p, const struct rg_hash *commitment,
                                             uint64_t *out);
/* Give a case; valid until the next call for another one. Errors: as rg_vault_case_load(). */
RG_CHECKED rg_err rg_pending_get_case(struct rg_pending *p, uint64_t case_no,
                                      const struct rg_vault_case **out);
/* The pending case of that number, or NULL: it is in the vault. */
struct rg_pending_case *rg_pending_fresh(struct rg_pending *p, uint64_t case_no);

/* Streams: the highest number taken, counting what is queued and pending.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_pending_stream_high(struct rg_pending *p, const struct rg_id *stream,
                                         uint64_t *out);
/* A request holds the stream up to @number, until released. Errors: RG_ERR_NOMEM; RG_ERR_FULL. */
RG_CHECKED rg_err rg_pending_stream_hold(struct rg_pending *p, const struct rg_id *stream,
                                         uint64_t number);
/* Whether anything holds it. */
bool rg_pending_stream_is_held(struct rg_pending *p, const struct rg_id *stream);
void rg_pending_stream_release(struct rg_pending *p, const struct rg_id *stream);

/* Begin a submission. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pending_begin(struct rg_pending *p, struct rg_pending_sub **out);
/* Open a case in it: random key and pseudonym. @file: its file number. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pending_open_case(struct rg_pending *p, struct rg_pending_sub *s,
                                       struct rg_bytes file, uint64_t readers, uint64_t *out);
/* Let @file stand for case @case_no. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pending_link_file(struct rg_pending *p, struct rg_pending_sub *s,
                                       struct rg_bytes file, uint64_t case_no);
/* An entry of case @case_no is added; gives its counter. At most RG_SUBMISSION_ENTRIES_MAX.
 * Errors: RG_ERR_NOMEM; as rg_vault_case_load(). */
RG_CHECKED rg_err rg_pending_entry(struct rg_pending *p, struct rg_pending_sub *s, uint64_t case_no,
                                   uint32_t *out_counter);
/* It holds events of @stream up to @number. Errors: RG_ERR_NOMEM; RG_ERR_FULL. */
RG_CHECKED rg_err rg_pending_stream(struct rg_pending *p, struct rg_pending_sub *s,
                                    const struct rg_id *stream, uint64_t number);
/* Give up a submission that was not committed. Takes *@s and nulls it. */
void rg_pending_drop(struct rg_pending *p, struct rg_pending_sub **s);
/* Write the private bytes of @s, sealed, to a new block. The caller frees it.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pending_encode(struct rg_pending *p, const struct rg_pending_sub *s,
                                    uint8_t **out, size_t *out_len);
/* The submission is complete: it waits under @token. Takes @s. */
void rg_pending_commit(struct rg_pending *p, struct rg_pending_sub *s, uint64_t token);
/* The submission under @token got its number. */
void rg_pending_taken(struct rg_pending *p, uint64_t token, uint64_t sequence);
/* Bring back a submission from its private bytes; those already followed are left out. In order of
 * sequence. Errors: RG_ERR_SIGNATURE, RG_ERR_CORRUPT not this vault's; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pending_restore(struct rg_pending *p, uint64_t sequence,
                                     struct rg_bytes private_bytes);
/* How many submissions are not followed yet. */
uint32_t rg_pending_count(const struct rg_pending *p);
/* The oldest, or NULL; then ->next. */
const struct rg_pending_sub *rg_pending_first(const struct rg_pending *p);

/* The block with own submission @sequence is being followed: move it into the vault (in a write
 * transaction), with a debt of its keys to all of @owe (bits of authorities by agency: see keys.h)
 * that have not acknowledged. @accepted: its result. False in @out_known: there is no such
 * submission here. Errors: as the vault. */
struct rg_pending_absorb {
    uint64_t sequence;
    bool accepted;
    const uint16_t *place_of; /* of each agency; UINT16_MAX: it has no node */
};
RG_CHECKED rg_err rg_pending_absorb(struct rg_pending *p, const struct rg_pending_absorb *a,
                                    bool *out_known);

#endif /* RG_AGENCY_PENDING_H */
