/* Events in order of time, and shared bytes. */
#include "sim.h"
#include <stdlib.h>
#include <string.h>

struct sim_buf *sim_buf_new(struct rg_bytes bytes)
{
    struct sim_buf *b = malloc(sizeof *b + bytes.len);
    b->refs = 1;
    b->len = bytes.len;
    b->digest = 0;
    b->parsed = NULL;
    if (bytes.len > 0) {
        memcpy(b->data, bytes.data, bytes.len);
    }
    return b;
}

struct sim_buf *sim_buf_ref(struct sim_buf *b)
{
    b->refs++;
    return b;
}

void sim_buf_drop(struct sim_buf *b)
{
    if (b == NULL || --b->refs > 0) {
        return;
    }
    sim_decode_drop(b);
    free(b);
}

struct rg_bytes sim_buf_bytes(const struct sim_buf *b)
{
    return b == NULL ? (struct rg_bytes){0} : (struct rg_bytes){b->data, b->len};
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->number < b->number;
}

void sim_post(struct sim *s, struct sim_event ev)
{
    if (s->heap_count == s->heap_cap) {
        s->heap_cap = s->heap_cap == 0 ? 1024 : s->heap_cap * 2;
        s->heap = realloc(s->heap, s->heap_cap * sizeof *s->heap);
    }
    ev.number = s->event_number++;
    size_t at = s->heap_count++;
    while (at > 0 && before(&ev, &s->heap[(at - 1) / 2])) {
        s->heap[at] = s->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->heap[at] = ev;
}

bool sim_next(struct sim *s, struct sim_event *out)
{
    if (s->heap_count == 0) {
        return false;
    }
    *out = s->heap[0];
    const struct sim_event last = s->heap[--s->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= s->heap_count) {
            break;
        }
        if (child + 1 < s->heap_count && before(&s->heap[child + 1], &s->heap[child])) {
            child++;
        }
        if (!before(&s->heap[child], &last)) {
            break;
        }
        s->heap[at] = s->heap[child];
        at = child;
    }
    if (s->heap_count > 0) {
        s->heap[at] = last;
    }
    return true;
}
