#include "proto/ledger_codec.h"
#include "crypto/hash.h"
#include "ledger.pb-c.h"
#include "proto/pack.h"

#define FORMAT 1u
#define FORMAT_PUBLICATION 2u /* of a motion that brings a definition */
#define ALGORITHM 1u          /* Ed25519, BLAKE2b-256 */
#define HEAD_MAX 256u
#define HEADER_MAX 512u

static struct rg_bytes of_hash(const struct rg_hash *h)
{
    return (struct rg_bytes){.data = h->b, .len = RG_HASH_BYTES};
}

/* Unpack to the message type @type (generated name in lower case). */
#define DECODE(arena, type, bytes, max, out)                                                       \
    rg_pack_decode((arena), &reigen__ledger__##type##__descriptor, (bytes), (max),                 \
                   (const ProtobufCMessage **)(const void **)(out))

rg_err rg_ledger_codec_encode_entry(struct rg_arena *arena, const struct rg_entry *e,
                                    struct rg_bytes *out)
{
    Reigen__Ledger__Entry m = REIGEN__LEDGER__ENTRY__INIT;
    m.kind = e->kind;
    m.tag = rg_pack_from((struct rg_bytes){e->tag.b, RG_ID_BYTES});
    m.readers = e->readers;
    m.schema = e->schema;
    if (e->opens) {
        m.opens = rg_pack_from(of_hash(&e->commitment));
    }
    m.sealed = rg_pack_from(e->sealed);
    m.clear = rg_pack_from(e->clear);
    return rg_pack_encode(arena, &m.base, e->kind == RG_ENTRY_BALLOT ? RG_BALLOT_MAX : RG_ENTRY_MAX,
                          out);
}

void rg_ledger_codec_definition_hash(const struct rg_hash *ledger, struct rg_bytes text,
                                     struct rg_hash *out)
{
    rg_hash_one(RG_DOMAIN_DEFINITION, ledger, text, out);
}

rg_err rg_ledger_codec_encode_publication(struct rg_arena *arena, const struct rg_hash *ledger,
                                          struct rg_ballot *b, const struct rg_id *salt,
                                          struct rg_bytes *out)
{
    Reigen__Ledger__Motion m = REIGEN__LEDGER__MOTION__INIT;
    if (b->text.len == 0 || b->text.len > RG_DEFINITION_MAX) {
        return RG_ERR_INVALID;
    }
    m.format = FORMAT_PUBLICATION;
    m.expires_ms = b->motion.expires_ms;
    m.salt = rg_pack_from((struct rg_bytes){salt->b, RG_ID_BYTES});
    m.definition = rg_pack_from(b->text);
    m.version = b->motion.definition.version;
    m.from_height = b->motion.definition.from;
    const rg_err err = rg_pack_encode(arena, &m.base, RG_BALLOT_MAX, out);
    if (err == RG_OK) {
        rg_ledger_codec_definition_hash(ledger, b->text, &b->motion.definition.hash);
        rg_hash_one(RG_DOMAIN_MOTION, ledger, *out, &b->id);
    }
    return err;
}

rg_err rg_ledger_codec_encode_motion(struct rg_arena *arena, const struct rg_hash *ledger,
                                     const struct rg_motion *motion, const struct rg_id *salt,
                                     struct rg_bytes *out, struct rg_hash *out_id)
{
    Reigen__Ledger__Motion m = REIGEN__LEDGER__MOTION__INIT;
    uint32_t list[RG_AUTHORITIES_MAX];
    for (uint32_t i = 0; i < motion->set.count; i++) {
        list[i] = motion->set.principal[i];
    }
    m.format = FORMAT;
    m.expires_ms = motion->expires_ms;
    m.salt = rg_pack_from((struct rg_bytes){salt->b, RG_ID_BYTES});
    m.n_authorities = motion->set.count;
    m.authorities = list;
    const rg_err err = rg_pack_encode(arena, &m.base, RG_ENTRY_MAX, out);
    if (err == RG_OK) {
        rg_hash_one(RG_DOMAIN_MOTION, ledger, *out, out_id);
    }
    return err;
}

void rg_ledger_codec_ballot_digest(const struct rg_hash *ledger, const struct rg_ballot *b,
                                   struct rg_hash *out)
{
    struct rg_hash_state s;
    rg_hash_begin(&s, RG_DOMAIN_BALLOT, ledger);
    rg_hash_add(&s, of_hash(&b->id));
    rg_hash_add_u64(&s, b->agency);
    rg_hash_add_u64(&s, b->approve ? 1 : 0);
    rg_hash_end(&s, out);
}

rg_err rg_ledger_codec_encode_ballot(struct rg_arena *arena, const struct rg_ballot *b,
                                     struct rg_bytes motion, struct rg_bytes *out)
{
    Reigen__Ledger__Ballot m = REIGEN__LEDGER__BALLOT__INIT;
    struct rg_entry e = {.kind = RG_ENTRY_BALLOT};
    m.motion = rg_pack_from(motion);
    m.id = rg_pack_from(of_hash(&b->id));
    m.agency = b->agency;
    m.approve = b->approve;
    m.signature = rg_pack_from((struct rg_bytes){b->signature.b, RG_SIG_BYTES});
    const rg_err err = rg_pack_encode(arena, &m.base, RG_BALLOT_MAX, &e.clear);
    return err == RG_OK ? rg_ledger_codec_encode_entry(arena, &e, out) : err;
}

/* Either a set, which the ledger looks at, or a definition. */
static bool is_motion(const Reigen__Ledger__Motion *m)
{
    if (m->format == FORMAT_PUBLICATION) {
        return m->n_authorities == 0 && m->version > 0 && m->definition.len > 0 &&
               m->definition.len <= RG_DEFINITION_MAX;
    }
    return m->format == FORMAT && m->definition.len == 0 && m->version == 0 && m->from_height == 0;
}

static rg_err decode_motion(struct rg_arena *arena, const struct rg_hash *ledger,
                            struct rg_bytes bytes, struct rg_ballot *out)
{
    const Reigen__Ledger__Motion *m = NULL;
    struct rg_id salt;
    struct rg_hash id;
    const rg_err err = DECODE(arena, motion, bytes, RG_BALLOT_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    rg_hash_one(RG_DOMAIN_MOTION, ledger, bytes, &id);
    if (!is_motion(m) || !rg_pack_fixed(m->salt, salt.b, RG_ID_BYTES) ||
        m->n_authorities > RG_AUTHORITIES_MAX || !rg_hash_eq(&id, &out->id)) {
        return RG_ERR_INVALID;
    }
    out->motion.expires_ms = m->expires_ms;
    if (m->format == FORMAT_PUBLICATION) {
        out->text = rg_pack_to(m->definition);
        out->motion.definition.version = m->version;
        out->motion.definition.from = m->from_height;
        rg_ledger_codec_definition_hash(ledger, out->text, &out->motion.definition.hash);
    }
    out->motion.set.count = (uint16_t)m->n_authorities;
    for (size_t i = 0; i < m->n_authorities; i++) {
        if (m->authorities[i] >= RG_PRINCIPALS_MAX) {
            return RG_ERR_INVALID;
        }
        out->motion.set.principal[i] = (uint16_t)m->authorities[i];
    }
    return RG_OK;
}

static rg_err decode_ballot(struct rg_arena *arena, const struct rg_hash *ledger,
                            struct rg_bytes bytes, struct rg_ballot **out)
{
    const Reigen__Ledger__Ballot *m = NULL;
    rg_err err = DECODE(arena, ballot, bytes, RG_BALLOT_MAX, &m);
    struct rg_ballot *b = rg_arena_take_array(arena, 1, sizeof *b);
    if (err != RG_OK || b == NULL) {
        return err != RG_OK ? err : RG_ERR_NOMEM;
    }
    if (!rg_pack_fixed(m->id, b->id.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->signature, b->signature.b, RG_SIG_BYTES)) {
        return RG_ERR_INVALID;
    }
    b->agency = m->agency;
    b->approve = m->approve != 0;
    b->moves = m->motion.len > 0;
    if (b->moves) {
        err = decode_motion(arena, ledger, rg_pack_to(m->motion), b);
    }
    rg_ledger_codec_ballot_digest(ledger, b, &b->digest);
    *out = b;
    return err;
}

/* The fields that belong to the entry's kind, and no others. */
static rg_err decode_clear(struct rg_arena *arena, const struct rg_hash *ledger, struct rg_entry *e)
{
    if ((e->kind == RG_ENTRY_BALLOT || e->kind == RG_ENTRY_EVIDENCE) &&
        (e->opens || e->sealed.len > 0 || e->readers != 0 || e->schema != 0)) {
        return RG_ERR_INVALID;
    }
    if (e->kind == RG_ENTRY_BALLOT) {
        return decode_ballot(arena, ledger, e->clear, &e->ballot);
    }
    return e->kind == RG_ENTRY_EVIDENCE || e->clear.len == 0 ? RG_OK : RG_ERR_INVALID;
}

rg_err rg_ledger_codec_decode_entry(struct rg_arena *arena, const struct rg_hash *ledger,
                                    struct rg_bytes bytes, struct rg_entry *out)
{
    const Reigen__Ledger__Entry *m = NULL;
    const rg_err err = DECODE(arena, entry, bytes, RG_BALLOT_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    if ((m->kind != RG_ENTRY_BALLOT && bytes.len > RG_ENTRY_MAX) ||
        !rg_pack_fixed(m->tag, out->tag.b, RG_ID_BYTES) ||
        !rg_pack_optional(m->opens, out->commitment.b, RG_HASH_BYTES, &out->opens)) {
        return RG_ERR_INVALID;
    }
    out->kind = m->kind;
    out->readers = m->readers;
    out->schema = m->schema;
    out->sealed = rg_pack_to(m->sealed);
    out->clear = rg_pack_to(m->clear);
    out->bytes = bytes;
    return decode_clear(arena, ledger, out);
}

static void head_digest(const struct rg_hash *ledger, struct rg_bytes head, struct rg_hash *out)
{
    rg_hash_one(RG_DOMAIN_SUBMISSION, ledger, head, out);
}

rg_err rg_ledger_codec_encode_head(struct rg_arena *arena, const struct rg_submission *s,
                                   struct rg_bytes *out_head, struct rg_hash *out_digest)
{
    Reigen__Ledger__SubmissionHead m = REIGEN__LEDGER__SUBMISSION_HEAD__INIT;
    m.format = FORMAT;
    m.algorithm = ALGORITHM;
    m.ledger = rg_pack_from(of_hash(&s->ledger));
    m.signer = s->signer;
    m.sequence = s->sequence;
    m.expires_ms = s->expires_ms;
    m.entry_count = s->entry_count;
    m.entries_root = rg_pack_from(of_hash(&s->entries_root));
    const rg_err err = rg_pack_encode(arena, &m.base, HEAD_MAX, out_head);
    if (err == RG_OK) {
        head_digest(&s->ledger, *out_head, out_digest);
    }
    return err;
}

rg_err rg_ledger_codec_encode_submission(struct rg_arena *arena, struct rg_bytes head,
                                         const struct rg_sig *sig, const struct rg_bytes *entries,
                                         size_t count, struct rg_bytes *out)
{
    Reigen__Ledger__Submission m = REIGEN__LEDGER__SUBMISSION__INIT;
    ProtobufCBinaryData *list = rg_arena_take_array(arena, count, sizeof *list);
    if (list == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = rg_pack_from(entries[i]);
    }
    m.head = rg_pack_from(head);
    m.signature = rg_pack_from((struct rg_bytes){sig->b, RG_SIG_BYTES});
    m.n_entries = count;
    m.entries = list;
    return rg_pack_encode(arena, &m.base, RG_SUBMISSION_MAX, out);
}

static rg_err decode_head(struct rg_arena *arena, struct rg_submission *s)
{
    const Reigen__Ledger__SubmissionHead *m = NULL;
    const rg_err err = DECODE(arena, submission_head, s->head, HEAD_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    if (m->format != FORMAT || m->algorithm != ALGORITHM ||
        !rg_pack_fixed(m->ledger, s->ledger.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->entries_root, s->entries_root.b, RG_HASH_BYTES) || m->sequence == 0 ||
        m->entry_count > RG_SUBMISSION_ENTRIES_MAX) {
        return RG_ERR_INVALID;
    }
    s->signer = m->signer;
    s->sequence = m->sequence;
    s->expires_ms = m->expires_ms;
    s->entry_count = m->entry_count;
    return RG_OK;
}

rg_err rg_ledger_codec_decode_submission(struct rg_arena *arena, struct rg_bytes bytes,
                                         struct rg_submission *out)
{
    const Reigen__Ledger__Submission *m = NULL;
    struct rg_submission s = {0};
    struct rg_hash_state hash;
    rg_err err = DECODE(arena, submission, bytes, RG_SUBMISSION_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    s.head = rg_pack_to(m->head);
    err = decode_head(arena, &s);
    if (err != RG_OK) {
        return err;
    }
    if (!rg_pack_fixed(m->signature, s.signature.b, RG_SIG_BYTES) ||
        m->n_entries != s.entry_count) {
        return RG_ERR_INVALID;
    }
    s.bytes = rg_arena_copy(arena, bytes);
    s.entries = rg_arena_take_array(arena, s.entry_count, sizeof *s.entries);
    if (s.bytes.len != bytes.len || s.entries == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < s.entry_count; i++) {
        err = rg_ledger_codec_decode_entry(arena, &s.ledger, rg_pack_to(m->entries[i]),
                                           &s.entries[i]);
        if (err != RG_OK) {
            return err;
        }
    }
    head_digest(&s.ledger, s.head, &s.digest);
    rg_hash_begin(&hash, RG_DOMAIN_SUBMISSION, &s.ledger);
    rg_hash_add(&hash, s.head);
    rg_hash_add(&hash, (struct rg_bytes){s.signature.b, RG_SIG_BYTES});
    rg_hash_end(&hash, &s.hash);
    *out = s;
    return RG_OK;
}

rg_err rg_ledger_codec_encode_block(struct rg_arena *arena, const struct rg_header *h,
                                    const struct rg_bytes *submissions, struct rg_hash *out_hash,
                                    struct rg_bytes *out)
{
    Reigen__Ledger__Header m = REIGEN__LEDGER__HEADER__INIT;
    Reigen__Ledger__Block b = REIGEN__LEDGER__BLOCK__INIT;
    struct rg_bytes header;
    ProtobufCBinaryData *list = rg_arena_take_array(arena, h->submission_count, sizeof *list);
    if (list == NULL) {
        return RG_ERR_NOMEM;
    }
    m.format = FORMAT;
    m.algorithm = ALGORITHM;
    m.ledger = rg_pack_from(of_hash(&h->ledger));
    m.epoch = h->epoch;
    m.view = h->view;
    m.height = h->height;
    m.parent = rg_pack_from(of_hash(&h->parent));
    m.time_ms = h->time_ms;
    m.proposer = h->proposer;
    m.submissions_root = rg_pack_from(of_hash(&h->submissions_root));
    m.submission_count = h->submission_count;
    m.state_digest = rg_pack_from(of_hash(&h->state_digest));
    m.history_root = rg_pack_from(of_hash(&h->history_root));
    m.epoch_last = h->epoch_last;
    if (h->epoch_last) {
        m.next_set = rg_pack_from(of_hash(&h->next_set));
    }
    rg_err err = rg_pack_encode(arena, &m.base, HEADER_MAX, &header);
    if (err != RG_OK) {
        return err;
    }
    for (uint32_t i = 0; i < h->submission_count; i++) {
        list[i] = rg_pack_from(submissions[i]);
    }
    b.header = rg_pack_from(header);
    b.n_submissions = h->submission_count;
    b.submissions = list;
    err = rg_pack_encode(arena, &b.base, RG_BLOCK_MAX, out);
    if (err == RG_OK) {
        rg_hash_one(RG_DOMAIN_HEADER, &h->ledger, header, out_hash);
    }
    return err;
}

static rg_err decode_header(struct rg_arena *arena, struct rg_bytes bytes, struct rg_header *out)
{
    const Reigen__Ledger__Header *m = NULL;
    bool has_next = false;
    const rg_err err = DECODE(arena, header, bytes, HEADER_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    if (m->format != FORMAT || m->algorithm != ALGORITHM ||
        !rg_pack_fixed(m->ledger, out->ledger.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->parent, out->parent.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->submissions_root, out->submissions_root.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->state_digest, out->state_digest.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(m->history_root, out->history_root.b, RG_HASH_BYTES) ||
        !rg_pack_optional(m->next_set, out->next_set.b, RG_HASH_BYTES, &has_next) ||
        has_next != (m->epoch_last != 0) || m->submission_count > RG_BLOCK_SUBMISSIONS_MAX) {
        return RG_ERR_INVALID;
    }
    out->epoch = m->epoch;
    out->view = m->view;
    out->height = m->height;
    out->time_ms = m->time_ms;
    out->proposer = m->proposer;
    out->submission_count = m->submission_count;
    out->epoch_last = m->epoch_last != 0;
    return RG_OK;
}

rg_err rg_ledger_codec_decode_block(struct rg_arena *arena, struct rg_bytes bytes,
                                    struct rg_block *out)
{
    const Reigen__Ledger__Block *m = NULL;
    struct rg_block b = {0};
    rg_err err = DECODE(arena, block, bytes, RG_BLOCK_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    b.header_bytes = rg_pack_to(m->header);
    err = decode_header(arena, b.header_bytes, &b.header);
    if (err != RG_OK) {
        return err;
    }
    if (m->n_submissions != b.header.submission_count) {
        return RG_ERR_INVALID;
    }
    b.bytes = rg_arena_copy(arena, bytes);
    b.submissions = rg_arena_take_array(arena, b.header.submission_count, sizeof *b.submissions);
    if (b.bytes.len != bytes.len || b.submissions == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < b.header.submission_count; i++) {
        err = rg_ledger_codec_decode_submission(arena, rg_pack_to(m->submissions[i]),
                                                &b.submissions[i]);
        if (err != RG_OK) {
            return err;
        }
    }
    rg_hash_one(RG_DOMAIN_HEADER, &b.header.ledger, b.header_bytes, &b.hash);
    *out = b;
    return RG_OK;
}
