#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "crypto/seal.h"
#include "node/agency/pending_priv.h"
#include <stdlib.h>

#define FORMAT 1u
#define WHAT "own submission"
#define CASE_BYTES (8 + RG_ID_BYTES + RG_KEY_BYTES + 8 + 4 + RG_FILE_NUMBER_MAX)
#define LINK_BYTES (8 + 4 + RG_FILE_NUMBER_MAX)
#define STREAM_BYTES (RG_ID_BYTES + 8)

rg_err rg_pending_begin(struct rg_pending *p, struct rg_pending_sub **out)
{
    (void)p;
    struct rg_pending_sub *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    s->cases_end = &s->cases;
    s->entries = calloc(RG_SUBMISSION_ENTRIES_MAX, sizeof *s->entries);
    if (s->entries == NULL) {
        free(s);
        return RG_ERR_NOMEM;
    }
    *out = s;
    return RG_OK;
}

static rg_err add_case(struct rg_pending *p, struct rg_pending_sub *s, struct rg_pending_case *c)
{
    rg_casebook_derive(rg_vault_ledger(p->vault), c->c.opener, c->c.key, &c->c.keys);
    *s->cases_end = c;
    s->cases_end = &c->next;
    s->case_count++;
    return rg_pending__index(p, c);
}

rg_err rg_pending_open_case(struct rg_pending *p, struct rg_pending_sub *s, struct rg_bytes file,
                            uint64_t readers, uint64_t *out)
{
    RG_ASSERT(file.len >= 1 && file.len <= RG_FILE_NUMBER_MAX);
    struct rg_pending_case *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return RG_ERR_NOMEM;
    }
    c->c.case_no = rg_vault_case_number(p->vault);
    rg_rand(c->c.pseudonym.b, RG_ID_BYTES);
    rg_rand(c->c.key, RG_KEY_BYTES);
    c->c.readers = readers;
    c->c.opener = p->agency;
    memcpy(c->file, file.data, file.len);
    c->file_len = file.len;
    *out = c->c.case_no;
    return add_case(p, s, c);
}

rg_err rg_pending_link_file(struct rg_pending *p, struct rg_pending_sub *s, struct rg_bytes file,
                            uint64_t case_no)
{
    RG_ASSERT(file.len >= 1 && file.len <= RG_FILE_NUMBER_MAX);
    struct rg_pending_link *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return RG_ERR_NOMEM;
    }
    l->case_no = case_no;
    memcpy(l->file, file.data, file.len);
    l->file_len = file.len;
    l->next = s->links;
    s->links = l;
    s->link_count++;
    return rg_u64map_put(&p->files, rg_pending__name(p, "file", file), case_no);
}

rg_err rg_pending_entry(struct rg_pending *p, struct rg_pending_sub *s, uint64_t case_no,
                        uint32_t *out_counter)
{
    const struct rg_vault_case *c = NULL;
    RG_ASSERT(s->entry_count < RG_SUBMISSION_ENTRIES_MAX);
    const rg_err err = rg_pending_get_case(p, case_no, &c);
    if (err != RG_OK) {
        return err;
    }
    const uint32_t stored = c->counter[p->agency];
    struct rg_pending_slot *slot = rg_pending__slot(p, case_no, true);
    if (slot == NULL) {
        return RG_ERR_NOMEM;
    }
    if (slot->refs == 0) {
        slot->counter = stored;
    }
    slot->refs++;
    *out_counter = slot->counter++;
    s->entries[s->entry_count++] = case_no;
    return RG_OK;
}

rg_err rg_pending_stream(struct rg_pending *p, struct rg_pending_sub *s, const struct rg_id *stream,
                         uint64_t number)
{
    for (struct rg_pending_stream *t = s->streams; t != NULL; t = t->next) {
        if (rg_id_eq(&t->stream, stream)) {
            t->number = number > t->number ? number : t->number;
            return RG_OK;
        }
    }
    struct rg_pending_stream *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err err = rg_pending_stream_hold(p, stream, number);
    if (err != RG_OK) {
        free(t);
        return err;
    }
    t->stream = *stream;
    t->number = number;
    t->next = s->streams;
    s->streams = t;
    s->stream_count++;
    return RG_OK;
}

/* Forget what a map says about a name, unless it meanwhile says something else. */
static void forget(struct rg_u64map *m, uint64_t key, uint64_t case_no)
{
    uint64_t value = 0;
    if (rg_u64map_get(m, key, &value) && value == case_no) {
        rg_u64map_del(m, key);
    }
}

static void free_cases(struct rg_pending *p, struct rg_pending_sub *s)
{
    while (s->cases != NULL) {
        struct rg_pending_case *c = s->cases;
        struct rg_hash commitment;
        s->cases = c->next;
        struct rg_pending_slot *slot = rg_pending__slot(p, c->c.case_no, false);
        if (slot != NULL) {
            slot->fresh = NULL;
            if (slot->refs == 0) { /* given up before its first entry */
                rg_u64map_del(&p->slots, c->c.case_no);
                free(slot);
            }
        }
        rg_casebook_commitment(rg_vault_ledger(p->vault), c->c.opener, c->c.key, &commitment);
        const struct rg_bytes id = {c->c.pseudonym.b, RG_ID_BYTES};
        const struct rg_bytes file = {(const uint8_t *)c->file, c->file_len};
        forget(&p->files, rg_pending__name(p, "file", file), c->c.case_no);
        forget(&p->pseudonyms, rg_pending__name(p, "pseudonym", id), c->c.case_no);
        forget(&p->commitments, rg_u64map_key(commitment.b), c->c.case_no);
        rg_rand_wipe(c, sizeof *c);
        free(c);
    }
}

void rg_pending__free(struct rg_pending *p, struct rg_pending_sub *s)
{
    free_cases(p, s);
    while (s->links != NULL) {
        struct rg_pending_link *l = s->links;
        s->links = l->next;
        const struct rg_bytes file = {(const uint8_t *)l->file, l->file_len};
        forget(&p->files, rg_pending__name(p, "file", file), l->case_no);
        free(l);
    }
    while (s->streams != NULL) {
        struct rg_pending_stream *t = s->streams;
        s->streams = t->next;
        rg_pending_stream_release(p, &t->stream);
        free(t);
    }
    for (uint32_t i = 0; i < s->entry_count; i++) {
        struct rg_pending_slot *slot = rg_pending__slot(p, s->entries[i], false);
        if (slot != NULL && --slot->refs == 0) {
            rg_u64map_del(&p->slots, s->entries[i]);
            free(slot);
        }
    }
    free(s->entries);
    free(s);
}

static void write_all(struct rg_writer *w, const struct rg_pending_sub *s)
{
    rg_bytes_put_u8(w, FORMAT);
    rg_bytes_put_u32(w, s->case_count);
    for (const struct rg_pending_case *c = s->cases; c != NULL; c = c->next) {
        rg_bytes_put_u64(w, c->c.case_no);
        rg_bytes_put(w, c->c.pseudonym.b, RG_ID_BYTES);
        rg_bytes_put(w, c->c.key, RG_KEY_BYTES);
        rg_bytes_put_u64(w, c->c.readers);
        rg_bytes_put_sized(w, (struct rg_bytes){(const uint8_t *)c->file, c->file_len});
    }
    rg_bytes_put_u32(w, s->link_count);
    for (const struct rg_pending_link *l = s->links; l != NULL; l = l->next) {
        rg_bytes_put_u64(w, l->case_no);
        rg_bytes_put_sized(w, (struct rg_bytes){(const uint8_t *)l->file, l->file_len});
    }
    rg_bytes_put_u32(w, s->stream_count);
    for (const struct rg_pending_stream *t = s->streams; t != NULL; t = t->next) {
        rg_bytes_put(w, t->stream.b, RG_ID_BYTES);
        rg_bytes_put_u64(w, t->number);
    }
    rg_bytes_put_u32(w, s->entry_count);
    for (uint32_t i = 0; i < s->entry_count; i++) {
        rg_bytes_put_u64(w, s->entries[i]);
    }
}

rg_err rg_pending_encode(struct rg_pending *p, const struct rg_pending_sub *s, uint8_t **out,
                         size_t *out_len)
{
    const size_t cap = 32 + (size_t)s->case_count * CASE_BYTES +
                       (size_t)s->link_count * LINK_BYTES + (size_t)s->stream_count * STREAM_BYTES +
                       (size_t)s->entry_count * 8;
    uint8_t *plain = malloc(cap);
    uint8_t *sealed = malloc(cap + RG_SEAL_EXTRA);
    if (plain == NULL || sealed == NULL) {
        free(plain);
        free(sealed);
        return RG_ERR_NOMEM;
    }
    struct rg_writer w = rg_bytes_writer(plain, cap);
    write_all(&w, s);
    RG_ASSERT(!w.failed);
    rg_vault_seal(p->vault, WHAT, (struct rg_bytes){plain, w.len}, sealed);
    *out = sealed;
    *out_len = w.len + RG_SEAL_EXTRA;
    rg_rand_wipe(plain, w.len);
    free(plain);
    return RG_OK;
}

static rg_err read_cases(struct rg_pending *p, struct rg_pending_sub *s, struct rg_reader *r)
{
    const uint32_t count = rg_bytes_get_u32(r);
    if (r->failed || count > RG_SUBMISSION_ENTRIES_MAX) {
        return RG_ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct rg_pending_case *c = calloc(1, sizeof *c);
        if (c == NULL) {
            return RG_ERR_NOMEM;
        }
        c->c.case_no = rg_bytes_get_u64(r);
        rg_bytes_get(r, c->c.pseudonym.b, RG_ID_BYTES);
        rg_bytes_get(r, c->c.key, RG_KEY_BYTES);
        c->c.readers = rg_bytes_get_u64(r);
        const struct rg_bytes file = rg_bytes_get_sized(r, RG_FILE_NUMBER_MAX);
        c->c.opener = p->agency;
        if (r->failed || file.len == 0 || c->c.case_no == 0 || c->c.case_no >= RG_VAULT_CASES_MAX) {
            free(c);
            return RG_ERR_CORRUPT;
        }
        memcpy(c->file, file.data, file.len);
        c->file_len = file.len;
        struct rg_vault_meta *meta = rg_vault_get_meta(p->vault);
        if (meta->next_case <= c->c.case_no) {
            meta->next_case = c->c.case_no + 1;
        }
        const rg_err err = add_case(p, s, c);
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

static rg_err read_rest(struct rg_pending *p, struct rg_pending_sub *s, struct rg_reader *r)
{
    rg_err err = RG_OK;
    uint32_t counter = 0;
    const uint32_t links = rg_bytes_get_u32(r);
    for (uint32_t i = 0; i < links && err == RG_OK; i++) {
        const uint64_t case_no = rg_bytes_get_u64(r);
        const struct rg_bytes file = rg_bytes_get_sized(r, RG_FILE_NUMBER_MAX);
        err =
            r->failed || file.len == 0 ? RG_ERR_CORRUPT : rg_pending_link_file(p, s, file, case_no);
    }
    const uint32_t streams = err == RG_OK ? rg_bytes_get_u32(r) : 0;
    for (uint32_t i = 0; i < streams && err == RG_OK; i++) {
        struct rg_id stream;
        rg_bytes_get(r, stream.b, RG_ID_BYTES);
        const uint64_t number = rg_bytes_get_u64(r);
        err = r->failed ? RG_ERR_CORRUPT : rg_pending_stream(p, s, &stream, number);
    }
    const uint32_t entries = err == RG_OK ? rg_bytes_get_u32(r) : 0;
    if (entries > RG_SUBMISSION_ENTRIES_MAX) {
        return RG_ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < entries && err == RG_OK; i++) {
        const uint64_t case_no = rg_bytes_get_u64(r);
        err = r->failed ? RG_ERR_CORRUPT : rg_pending_entry(p, s, case_no, &counter);
    }
    return err == RG_OK && !rg_bytes_done(r) ? RG_ERR_CORRUPT : err;
}

rg_err rg_pending_restore(struct rg_pending *p, uint64_t sequence, struct rg_bytes private_bytes)
{
    if (sequence <= rg_vault_get_meta(p->vault)->own_sequence || private_bytes.len == 0) {
        return RG_OK;
    }
    uint8_t *plain = malloc(private_bytes.len);
    struct rg_pending_sub *s = NULL;
    rg_err err = plain != NULL ? rg_pending_begin(p, &s) : RG_ERR_NOMEM;
    if (err == RG_OK) {
        err = rg_vault_unseal(p->vault, WHAT, private_bytes, plain);
    }
    if (err == RG_OK) {
        struct rg_reader r =
            rg_bytes_reader((struct rg_bytes){plain, private_bytes.len - RG_SEAL_EXTRA});
        err = rg_bytes_get_u8(&r) == FORMAT ? read_cases(p, s, &r) : RG_ERR_CORRUPT;
        if (err == RG_OK) {
            err = read_rest(p, s, &r);
        }
        rg_rand_wipe(plain, private_bytes.len);
    }
    free(plain);
    if (err != RG_OK) {
        if (s != NULL) {
            rg_pending__free(p, s);
        }
        return err;
    }
    s->sequence = sequence;
    rg_pending_commit(p, s, 0);
    return RG_OK;
}
