/* Ledger objects to bytes and back (ledger.proto). Decoders: size cap, capped arena, canonical
 * check (what was read encodes to the same bytes), form of every field. They verify no signature.
 * What they give borrows from the arena, not from the input. */
#ifndef RG_PROTO_LEDGER_CODEC_H
#define RG_PROTO_LEDGER_CODEC_H

#include "base/arena.h"
#include "base/err.h"
#include "ledger/block.h"
#include "ledger/genesis.h"

/* Memory that an arena needs at most for one decoded object of its maximum size. */
#define RG_LEDGER_CODEC_SUBMISSION_ARENA (2 * 1024 * 1024)
#define RG_LEDGER_CODEC_BLOCK_ARENA (10 * 1024 * 1024)

struct rg_event_field {
    struct rg_bytes name;
    struct rg_bytes value;
};

enum rg_about_kind {
    RG_ABOUT_NONE,
    RG_ABOUT_CANCEL,      /* the entry no longer counts */
    RG_ABOUT_CORRECT,     /* this one counts in its place */
    RG_ABOUT_ACKNOWLEDGE, /* not about an entry: somebody has seen an alert of the case */
};

/* Whether an entry counts for the rules. */
enum rg_standing {
    RG_STANDING_COUNTS,
    RG_STANDING_CANCELLED,
    RG_STANDING_CORRECTED,
    RG_STANDING_ABOUT, /* it is about another entry, or an alert */
};

/* Which earlier entry or which alert of the case an event is about. */
struct rg_about {
    enum rg_about_kind kind; /* NONE: a step of its own; nothing below counts */
    uint64_t height;         /* of an entry; else 0, as are the next two */
    uint32_t submission;
    uint32_t entry;
    struct rg_bytes reason; /* letters, digits, `_`, `-`, `.`; may be empty */
    struct rg_hash alert;   /* ACKNOWLEDGE: the id under which it was raised */
};

/* One recorded step, as in reigen.ledger.Event. What acknowledges an alert has no step and no
 * fields. */
struct rg_event {
    struct rg_bytes step;
    int64_t occurred_ms; /* 0 to RG_TIME_MAX */
    uint32_t field_count;
    struct rg_event_field fields[RG_FIELDS_MAX];
    struct rg_about about;
};

#define RG_CASE_PATH_MAX 16

/* The sealed body of a case entry. */
struct rg_case_body {
    struct rg_id pseudonym;
    struct rg_bytes event; /* bytes of an Event */
    uint32_t member;
    struct rg_id stream;
    uint64_t first;
    uint32_t index;
    uint32_t count;
    struct rg_sig signature;
    uint32_t path_count;
    struct rg_hash path[RG_CASE_PATH_MAX];
};

/* Encode an entry (all fields but `bytes`) into @arena. Gives @out.
 * Errors: RG_ERR_NOMEM  the arena is full; RG_ERR_INVALID  over RG_ENTRY_MAX, of a ballot over
 * RG_BALLOT_MAX. */
RG_CHECKED rg_err rg_ledger_codec_encode_entry(struct rg_arena *arena, const struct rg_entry *e,
                                               struct rg_bytes *out);
/* Decode an entry made for @ledger. Gives @out, borrowing from @arena and @bytes.
 * Errors: RG_ERR_INVALID  too large, not canonical or a field out of form; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_ledger_codec_decode_entry(struct rg_arena *arena, const struct rg_hash *ledger,
                                               struct rg_bytes bytes, struct rg_entry *out);
/* Encode a motion for @ledger, told apart by @salt. Gives its bytes and its id.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_ledger_codec_encode_motion(struct rg_arena *arena,
                                                const struct rg_hash *ledger,
                                                const struct rg_motion *motion,
                                                const struct rg_id *salt, struct rg_bytes *out,
                                                struct rg_hash *out_id);
/* Encode the motion of @b, which brings the definition @b->text: sets its hash, and the id of @b.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_DEFINITION_MAX, or empty. */
RG_CHECKED rg_err rg_ledger_codec_encode_publication(struct rg_arena *arena,
                                                     const struct rg_hash *ledger,
                                                     struct rg_ballot *b, const struct rg_id *salt,
                                                     struct rg_bytes *out);
/* The hash of a definition's text, as it stands in the state. */
void rg_ledger_codec_definition_hash(const struct rg_hash *ledger, struct rg_bytes text,
                                     struct rg_hash *out);
/* What an agency's admin key signs for @b: its id, agency and approve. */
void rg_ledger_codec_ballot_digest(const struct rg_hash *ledger, const struct rg_ballot *b,
                                   struct rg_hash *out);
/* Encode the entry of ballot @b; @motion: the bytes it moves, or empty. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_ledger_codec_encode_ballot(struct rg_arena *arena, const struct rg_ballot *b,
                                                struct rg_bytes motion, struct rg_bytes *out);
/* Encode the head of a submission of @s (ledger, signer, sequence, expires_ms, entry_count,
 * entries_root) into @arena and give it with the digest to sign.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_ledger_codec_encode_head(struct rg_arena *arena, const struct rg_submission *s,
                                              struct rg_bytes *out_head,
                                              struct rg_hash *out_digest);
/* Encode a submission from its head's bytes, its signature and its entries' bytes.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_SUBMISSION_MAX. */
RG_CHECKED rg_err rg_ledger_codec_encode_submission(struct rg_arena *arena, struct rg_bytes head,
                                                    const struct rg_sig *sig,
                                                    const struct rg_bytes *entries, size_t count,
                                                    struct rg_bytes *out);
/* Decode a submission with all its entries. Gives @out, borrowing from @arena.
 * Errors: RG_ERR_INVALID  too large, not canonical or a field out of form; RG_ERR_NOMEM  over the
 * arena. */
RG_CHECKED rg_err rg_ledger_codec_decode_submission(struct rg_arena *arena, struct rg_bytes bytes,
                                                    struct rg_submission *out);
/* Encode a block from its header (hash and bytes are given) and its submissions' bytes.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_BLOCK_MAX. */
RG_CHECKED rg_err rg_ledger_codec_encode_block(struct rg_arena *arena, const struct rg_header *h,
                                               const struct rg_bytes *submissions,
                                               struct rg_hash *out_hash, struct rg_bytes *out);
/* Decode a block with all its submissions. Errors: as for a submission. */
RG_CHECKED rg_err rg_ledger_codec_decode_block(struct rg_arena *arena, struct rg_bytes bytes,
                                               struct rg_block *out);
/* Encode and decode an Event and a CaseBody. Errors: as above. */
RG_CHECKED rg_err rg_ledger_codec_encode_event(struct rg_arena *arena, const struct rg_event *e,
                                               struct rg_bytes *out);
RG_CHECKED rg_err rg_ledger_codec_decode_event(struct rg_arena *arena, struct rg_bytes bytes,
                                               struct rg_event *out);
/* The stream in which whatever is about an entry or an alert is handed in, as number 1: so one
 * entry is cancelled or corrected once, and one alert acknowledged, however often and by whom of
 * its agency it is asked for. */
void rg_ledger_codec_about_stream(const struct rg_hash *ledger, const struct rg_about *about,
                                  struct rg_id *out);
RG_CHECKED rg_err rg_ledger_codec_encode_body(struct rg_arena *arena, const struct rg_case_body *b,
                                              struct rg_bytes *out);
RG_CHECKED rg_err rg_ledger_codec_decode_body(struct rg_arena *arena, struct rg_bytes bytes,
                                              struct rg_case_body *out);
/* What a member signs for a request: hash over stream, first number, count and the Merkle root of
 * the events' bytes. */
void rg_ledger_codec_request_digest(const struct rg_hash *ledger, uint32_t member,
                                    const struct rg_id *stream, uint64_t first, uint32_t count,
                                    const struct rg_hash *root, struct rg_hash *out);

#endif /* RG_PROTO_LEDGER_CODEC_H */
