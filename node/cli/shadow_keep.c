#include "base/bytes.h"
#include "base/num.h"
#include "crypto/hash.h"
#include "node/cli/shadow_priv.h"
#include <stdlib.h>

#define BLOCK_COST 16u /* of the allocator, for each block */
#define NO_CASE SIZE_MAX

rg_err rg_shadow__grow(void **list, size_t *cap, size_t want, size_t max, size_t size)
{
    if (want > max) {
        return RG_ERR_FULL;
    }
    if (want > *cap) {
        const size_t more = (size_t)rg_num_min(2 * want + 256, max);
        void *grown = realloc(*list, more * size);
        if (grown == NULL) {
            return RG_ERR_NOMEM;
        }
        *list = grown;
        *cap = more;
    }
    return RG_OK;
}

static struct rg_bytes key_of(const struct rg_export_event *e)
{
    return e->key.len > 0 ? e->key : e->case_id;
}

/* The slot of @key: its own or the empty one where it belongs. There are always empty ones. */
static uint32_t *slot_of(const struct rg_shadow_keep *k, struct rg_bytes key)
{
    uint8_t sum[16];
    uint64_t at = 0;
    rg_hash_checksum(key, sum);
    memcpy(&at, sum, sizeof at);
    size_t i = (size_t)(at & (k->slot_cap - 1));
    while (k->slots[i] != 0 && !rg_bytes_eq(k->cases[k->slots[i] - 1].key, key)) {
        i = (i + 1) & (k->slot_cap - 1);
    }
    return &k->slots[i];
}

static rg_err grow_slots(struct rg_shadow_keep *k)
{
    const size_t cap = k->slot_cap == 0 ? 4096 : k->slot_cap * 2;
    uint32_t *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return RG_ERR_NOMEM;
    }
    free(k->slots);
    k->slots = slots;
    k->slot_cap = cap;
    for (size_t i = 0; i < k->case_count; i++) {
        *slot_of(k, k->cases[i].key) = (uint32_t)(i + 1);
    }
    return RG_OK;
}

static size_t find(struct rg_shadow_keep *k, struct rg_bytes key)
{
    if (k->case_count == 0) {
        return NO_CASE;
    }
    if (!rg_bytes_eq(k->cases[k->recent].key, key)) {
        const uint32_t slot = *slot_of(k, key);
        k->recent = slot == 0 ? k->recent : slot - 1;
        return slot == 0 ? NO_CASE : k->recent;
    }
    return k->recent;
}

static rg_err count_bytes(struct rg_shadow_keep *k, size_t bytes)
{
    if (bytes > RG_SHADOW_BYTES_MAX - k->bytes) {
        return RG_ERR_FULL;
    }
    k->bytes += bytes;
    return RG_OK;
}

static struct rg_bytes put_text(uint8_t **at, struct rg_bytes b)
{
    uint8_t *to = *at;
    if (b.len > 0) {
        memcpy(to, b.data, b.len);
    }
    *at += b.len;
    return (struct rg_bytes){to, b.len};
}

static rg_err add_case(struct rg_shadow_keep *k, const struct rg_export_event *e)
{
    const struct rg_bytes key = key_of(e);
    void *list = k->cases;
    rg_err err = rg_shadow__grow(&list, &k->case_cap, k->case_count + 1, RG_SHADOW_EVENTS_MAX,
                                 sizeof *k->cases);
    k->cases = list;
    if (err == RG_OK && 2 * (k->case_count + 1) > k->slot_cap) {
        err = grow_slots(k);
    }
    if (err == RG_OK) {
        err = count_bytes(k, sizeof *k->cases + BLOCK_COST + e->case_id.len + key.len);
    }
    uint8_t *texts = err == RG_OK ? malloc(e->case_id.len + key.len + 1) : NULL;
    if (texts == NULL) {
        return err == RG_OK ? RG_ERR_NOMEM : err;
    }
    struct rg_shadow_case *c = &k->cases[k->case_count];
    *c = (struct rg_shadow_case){.latest_ms = INT64_MIN};
    c->id = put_text(&texts, e->case_id);
    c->key = put_text(&texts, key);
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        c->due_ms[i] = RG_HOSTMSG_NEVER;
    }
    k->recent = k->case_count++;
    *slot_of(k, key) = (uint32_t)k->case_count;
    return RG_OK;
}

static rg_err copy_event(struct rg_shadow_keep *k, const struct rg_export_event *e,
                         struct rg_shadow_kept **out)
{
    const struct rg_event *from = e->event;
    struct rg_shadow_kept *to = NULL;
    size_t bytes =
        sizeof *to + from->field_count * sizeof to->fields[0] + e->agency.len + from->step.len;
    for (uint32_t i = 0; i < from->field_count; i++) {
        bytes += from->fields[i].name.len + from->fields[i].value.len;
    }
    if (k->event_count == RG_SHADOW_EVENTS_MAX || count_bytes(k, bytes + BLOCK_COST) != RG_OK) {
        return RG_ERR_FULL;
    }
    to = malloc(bytes);
    if (to == NULL) {
        return RG_ERR_NOMEM;
    }
    uint8_t *at = (uint8_t *)&to->fields[from->field_count];
    *to = (struct rg_shadow_kept){.bytes = bytes + BLOCK_COST,
                                  .is_void = e->is_void,
                                  .recorded_ms = e->recorded_ms,
                                  .occurred_ms = from->occurred_ms,
                                  .field_count = from->field_count};
    to->agency = put_text(&at, e->agency);
    to->step = put_text(&at, from->step);
    for (uint32_t i = 0; i < from->field_count; i++) {
        to->fields[i].name = put_text(&at, from->fields[i].name);
        to->fields[i].value = put_text(&at, from->fields[i].value);
    }
    *out = to;
    return RG_OK;
}

rg_err rg_shadow__keep(struct rg_shadow_keep *k, const struct rg_export_event *e)
{
    struct rg_shadow_kept *event = NULL;
    rg_err err = find(k, key_of(e)) == NO_CASE ? add_case(k, e) : RG_OK;
    err = err == RG_OK ? copy_event(k, e, &event) : err;
    if (err != RG_OK) {
        return err;
    }
    struct rg_shadow_case *c = &k->cases[k->recent];
    *(c->first == NULL ? &c->first : &c->last->next) = event;
    c->last = event;
    c->changed = true;
    if (!event->is_void) {
        c->counting++;
        c->latest_ms = event->occurred_ms > c->latest_ms ? event->occurred_ms : c->latest_ms;
    }
    k->event_count++;
    return RG_OK;
}

static void drop_events(struct rg_shadow_keep *k, struct rg_shadow_case *c)
{
    struct rg_shadow_kept *next = NULL;
    for (struct rg_shadow_kept *e = c->first; e != NULL; e = next) {
        next = e->next;
        k->bytes -= e->bytes;
        k->event_count--;
        free(e);
    }
    c->first = NULL;
    c->last = NULL;
    c->counting = 0;
    c->latest_ms = INT64_MIN;
}

void rg_shadow__forget(struct rg_shadow_keep *k, const struct rg_export_event *e)
{
    const size_t i = find(k, key_of(e));
    if (i != NO_CASE) {
        drop_events(k, &k->cases[i]);
    }
}

void rg_shadow__keep_fini(struct rg_shadow_keep *k)
{
    for (size_t i = 0; i < k->case_count; i++) {
        struct rg_shadow_case *c = &k->cases[i];
        drop_events(k, c);
        free((void *)(uintptr_t)c->id.data);
        free(c->told);
    }
    free(k->cases);
    free(k->slots);
    *k = (struct rg_shadow_keep){0};
}
