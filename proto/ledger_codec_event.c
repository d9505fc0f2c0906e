/* Events and the sealed bodies that carry them: what only readers of a case understand. */
#include "base/bytes.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "ledger.pb-c.h"
#include "proto/ledger_codec.h"
#include "proto/pack.h"

static struct rg_bytes of_hash(const struct rg_hash *h)
{
    return (struct rg_bytes){.data = h->b, .len = RG_HASH_BYTES};
}

/* Unpack to the message type @type (generated name in lower case). */
#define DECODE(arena, type, bytes, max, out)                                                       \
    rg_pack_decode((arena), &reigen__ledger__##type##__descriptor, (bytes), (max),                 \
                   (const ProtobufCMessage **)(const void **)(out))

/* A reason is a code, so that no sentence about a person gets onto the ledger. */
static bool is_code(struct rg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    return text.len <= RG_NAME_MAX;
}

static bool is_about(const struct rg_about *a)
{
    if (a->kind == RG_ABOUT_ACKNOWLEDGE) {
        return a->height == 0 && a->submission == 0 && a->entry == 0 && is_code(a->reason);
    }
    return (a->kind == RG_ABOUT_CANCEL || a->kind == RG_ABOUT_CORRECT) && a->height > 0 &&
           is_code(a->reason);
}

rg_err rg_ledger_codec_encode_event(struct rg_arena *arena, const struct rg_event *e,
                                    struct rg_bytes *out)
{
    Reigen__Ledger__Event m;
    Reigen__Ledger__About about;
    const bool has_about = e->about.kind != RG_ABOUT_NONE;
    if (e->field_count > RG_FIELDS_MAX || (has_about && !is_about(&e->about))) {
        return RG_ERR_INVALID;
    }
    reigen__ledger__event__init(&m);
    reigen__ledger__about__init(&about);
    Reigen__Ledger__Field *fields = rg_arena_take_array(arena, e->field_count, sizeof *fields);
    Reigen__Ledger__Field **list = rg_arena_take_array(arena, e->field_count, sizeof(void *));
    m.step = rg_pack_string(arena, e->step);
    if (fields == NULL || list == NULL || m.step == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        reigen__ledger__field__init(&fields[i]);
        fields[i].name = rg_pack_string(arena, e->fields[i].name);
        fields[i].value = rg_pack_string(arena, e->fields[i].value);
        if (fields[i].name == NULL || fields[i].value == NULL) {
            return RG_ERR_NOMEM;
        }
        list[i] = &fields[i];
    }
    m.occurred_ms = e->occurred_ms;
    m.n_fields = e->field_count;
    m.fields = list;
    if (has_about) {
        about.kind = e->about.kind;
        about.height = e->about.height;
        about.submission = e->about.submission;
        about.entry = e->about.entry;
        about.reason = rg_pack_string(arena, e->about.reason);
        if (e->about.kind == RG_ABOUT_ACKNOWLEDGE) {
            about.alert = rg_pack_from(of_hash(&e->about.alert));
        }
        m.about = &about;
        if (about.reason == NULL) {
            return RG_ERR_NOMEM;
        }
    }
    return rg_pack_encode(arena, &m.base, RG_ENTRY_MAX, out);
}

static bool read_about(const Reigen__Ledger__About *m, struct rg_about *out)
{
    if (m == NULL) {
        return true;
    }
    out->kind = m->kind <= RG_ABOUT_ACKNOWLEDGE ? (enum rg_about_kind)m->kind : RG_ABOUT_NONE;
    out->height = m->height;
    out->submission = m->submission;
    out->entry = m->entry;
    const bool alert = out->kind == RG_ABOUT_ACKNOWLEDGE
                           ? rg_pack_fixed(m->alert, out->alert.b, RG_HASH_BYTES)
                           : m->alert.len == 0;
    return alert && rg_pack_text(m->reason, RG_NAME_MAX, &out->reason) && is_about(out);
}

rg_err rg_ledger_codec_decode_event(struct rg_arena *arena, struct rg_bytes bytes,
                                    struct rg_event *out)
{
    const Reigen__Ledger__Event *m = NULL;
    struct rg_event e = {0};
    const rg_err err = DECODE(arena, event, bytes, RG_ENTRY_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    if (!rg_pack_text(m->step, RG_NAME_MAX, &e.step) || m->n_fields > RG_FIELDS_MAX ||
        !read_about(m->about, &e.about)) {
        return RG_ERR_INVALID;
    }
    if (m->occurred_ms < 0 || m->occurred_ms > RG_TIME_MAX) {
        return RG_ERR_INVALID; /* no rules could judge it */
    }
    if (e.about.kind == RG_ABOUT_ACKNOWLEDGE ? e.step.len > 0 || m->n_fields > 0
                                             : e.step.len == 0) {
        return RG_ERR_INVALID;
    }
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!rg_pack_text(m->fields[i]->name, RG_NAME_MAX, &e.fields[i].name) ||
            e.fields[i].name.len == 0 ||
            !rg_pack_text(m->fields[i]->value, RG_FIELD_VALUE_MAX, &e.fields[i].value)) {
            return RG_ERR_INVALID;
        }
    }
    e.occurred_ms = m->occurred_ms;
    e.field_count = (uint32_t)m->n_fields;
    *out = e;
    return RG_OK;
}

rg_err rg_ledger_codec_encode_body(struct rg_arena *arena, const struct rg_case_body *b,
                                   struct rg_bytes *out)
{
    Reigen__Ledger__CaseBody m = REIGEN__LEDGER__CASE_BODY__INIT;
    ProtobufCBinaryData path[RG_CASE_PATH_MAX];
    if (b->path_count > RG_CASE_PATH_MAX) {
        return RG_ERR_INVALID;
    }
    for (uint32_t i = 0; i < b->path_count; i++) {
        path[i] = rg_pack_from(of_hash(&b->path[i]));
    }
    m.pseudonym = rg_pack_from((struct rg_bytes){b->pseudonym.b, RG_ID_BYTES});
    m.event = rg_pack_from(b->event);
    m.member = b->member;
    m.stream = rg_pack_from((struct rg_bytes){b->stream.b, RG_ID_BYTES});
    m.first = b->first;
    m.index = b->index;
    m.count = b->count;
    m.signature = rg_pack_from((struct rg_bytes){b->signature.b, RG_SIG_BYTES});
    m.n_path = b->path_count;
    m.path = path;
    return rg_pack_encode(arena, &m.base, RG_ENTRY_MAX, out);
}

rg_err rg_ledger_codec_decode_body(struct rg_arena *arena, struct rg_bytes bytes,
                                   struct rg_case_body *out)
{
    const Reigen__Ledger__CaseBody *m = NULL;
    struct rg_case_body b = {0};
    const rg_err err = DECODE(arena, case_body, bytes, RG_ENTRY_MAX, &m);
    if (err != RG_OK) {
        return err;
    }
    if (!rg_pack_fixed(m->pseudonym, b.pseudonym.b, RG_ID_BYTES) ||
        !rg_pack_fixed(m->stream, b.stream.b, RG_ID_BYTES) ||
        !rg_pack_fixed(m->signature, b.signature.b, RG_SIG_BYTES) || m->event.len == 0 ||
        m->n_path > RG_CASE_PATH_MAX || m->first == 0 || m->index >= m->count) {
        return RG_ERR_INVALID;
    }
    for (size_t i = 0; i < m->n_path; i++) {
        if (!rg_pack_fixed(m->path[i], b.path[i].b, RG_HASH_BYTES)) {
            return RG_ERR_INVALID;
        }
    }
    b.event = rg_pack_to(m->event);
    b.member = m->member;
    b.first = m->first;
    b.index = m->index;
    b.count = m->count;
    b.path_count = (uint32_t)m->n_path;
    *out = b;
    return RG_OK;
}

void rg_ledger_codec_about_stream(const struct rg_hash *ledger, const struct rg_about *about,
                                  struct rg_id *out)
{
    struct rg_hash_state s;
    struct rg_hash h;
    rg_hash_begin(&s, RG_DOMAIN_REQUEST, ledger);
    if (about->kind == RG_ABOUT_ACKNOWLEDGE) {
        rg_hash_add(&s, rg_bytes_str("acknowledge"));
        rg_hash_add(&s, of_hash(&about->alert));
    } else {
        rg_hash_add(&s, rg_bytes_str("about"));
        rg_hash_add_u64(&s, about->height);
        rg_hash_add_u64(&s, about->submission);
        rg_hash_add_u64(&s, about->entry);
    }
    rg_hash_end(&s, &h);
    memcpy(out->b, h.b, RG_ID_BYTES);
}

void rg_ledger_codec_request_digest(const struct rg_hash *ledger, uint32_t member,
                                    const struct rg_id *stream, uint64_t first, uint32_t count,
                                    const struct rg_hash *root, struct rg_hash *out)
{
    struct rg_hash_state s;
    rg_hash_begin(&s, RG_DOMAIN_REQUEST, ledger);
    rg_hash_add_u64(&s, member);
    rg_hash_add(&s, (struct rg_bytes){stream->b, RG_ID_BYTES});
    rg_hash_add_u64(&s, first);
    rg_hash_add_u64(&s, count);
    rg_hash_add(&s, of_hash(root));
    rg_hash_end(&s, out);
}
