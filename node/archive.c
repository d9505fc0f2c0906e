#include "node/archive.h"
#include "base/failpoint.h"
#include <czmq.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Blocks in one transaction, their bytes, how often the readers' table is looked at, and how often
 * a full map is tried again: it grows after it was full. */
#define GROUP_MAX 256
#define GROUP_BYTES (8u * 1024u * 1024u)
#define READERS_MS 60000
/* After a group the next one waits this long, unless it is large already. A commit costs several
 * syncs here and in the stores that follow the chain; at one block each they would compete for the
 * disk with the journals, on which finality waits. A lone block after a quiet time is written at
 * once. */
#define PACE_MS 10
#define PACE_BULK_MS 80 /* after a group of more than PACE_BYTES: bulk, where groups pay most */
#define PACE_BYTES (96u * 1024u)
#define GROW_TRIES 3

/* A copied final block; its bytes follow the struct in the same piece of memory. */
struct rg_archive_item {
    size_t bytes;
    struct rg_bytes state;
    struct rg_chain_block block;
};

/* The thread's own. */
struct writer {
    struct rg_archive *archive;
    zsock_t *pipe;
    size_t count;
    struct rg_archive_item *items[GROUP_MAX];
    int64_t readers_checked_ms;
    int64_t due_ms; /* when the next group may be written */
    bool stop;
    bool failed;
};

struct rg_archive {
    struct rg_chain *chain;
    zactor_t *actor;
    _Atomic uint64_t queued; /* bytes of items that the thread holds or will get */
    bool ended;              /* the owner's: the thread has ended by itself */
    struct writer writer;
};

static struct rg_bytes place(uint8_t **at, struct rg_bytes from)
{
    struct rg_bytes to = {.data = from.len > 0 ? *at : NULL, .len = from.len};
    if (from.len > 0) {
        memcpy(*at, from.data, from.len);
        *at += from.len;
    }
    return to;
}

rg_err rg_archive_item_new(const struct rg_core_final *f, struct rg_archive_item **out)
{
    const size_t bytes =
        sizeof(struct rg_archive_item) + f->block.len + f->cert.len + f->results.len + f->state.len;
    struct rg_archive_item *item = malloc(bytes);
    if (item == NULL) {
        return RG_ERR_NOMEM;
    }
    uint8_t *at = (uint8_t *)item + sizeof *item;
    item->bytes = bytes;
    item->state = place(&at, f->state);
    item->block = (struct rg_chain_block){
        .height = f->height,
        .time_ms = (int64_t)f->time_ms,
        .hash = f->hash,
        .bytes = place(&at, f->block),
        .cert = place(&at, f->cert),
        .result = place(&at, f->results),
    };
    *out = item;
    return RG_OK;
}

void rg_archive_item_destroy(struct rg_archive_item **item_p)
{
    if (item_p != NULL) {
        free(*item_p);
        *item_p = NULL;
    }
}

void rg_archive_put(struct rg_archive *a, struct rg_archive_item **item_p)
{
    struct rg_archive_item *item = *item_p;
    const size_t bytes = item->bytes;
    *item_p = NULL;
    atomic_fetch_add(&a->queued, bytes);
    if (zmq_send(zsock_resolve(a->actor), &item, sizeof item, ZMQ_DONTWAIT) != (int)sizeof item) {
        atomic_fetch_sub(&a->queued, bytes); /* the thread is gone; its report was sent before */
        free(item);
    }
}

bool rg_archive_is_full(const struct rg_archive *a)
{
    return atomic_load_explicit(&a->queued, memory_order_relaxed) > RG_ARCHIVE_BYTES_MAX;
}

/* How many of the items make a group: up to the last with a certificate. */
static size_t certified(const struct writer *w)
{
    for (size_t i = w->count; i > 0; i--) {
        if (w->items[i - 1]->block.cert.len > 0) {
            return i;
        }
    }
    return 0;
}

static size_t queued_bytes(const struct writer *w)
{
    size_t bytes = 0;
    for (size_t i = 0; i < w->count; i++) {
        bytes += w->items[i]->bytes;
    }
    return bytes;
}

/* How long until the items that are here may be written; -1: there is nothing to write. */
static long wait_ms(const struct writer *w)
{
    const int64_t left = w->due_ms - zclock_mono();
    return certified(w) == 0 ? -1 : left > 0 ? (long)left : 0;
}

/* Take items from the pipe until the group is full or nothing is there. */
static void gather(struct writer *w)
{
    size_t bytes = queued_bytes(w);
    while (w->count < GROUP_MAX && (bytes < GROUP_BYTES || certified(w) == 0)) {
        uint8_t frame[sizeof(struct rg_archive_item *)];
        const int len = zmq_recv(zsock_resolve(w->pipe), frame, sizeof frame, ZMQ_DONTWAIT);
        if (len < 0) {
            return;
        }
        if (len != (int)sizeof frame) {
            w->stop = true; /* czmq's $TERM, which is shorter than a pointer */
            return;
        }
        memcpy(&w->items[w->count], frame, sizeof frame);
        (void)atomic_load(&w->archive->queued); /* pairs with the add in rg_archive_put */
        bytes += w->items[w->count]->bytes;
        w->count++;
    }
}

_Static_assert(sizeof(struct rg_archive_item *) == 8,
               "an item's address cannot be mistaken for $TERM");

static void let_go(struct writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_sub(&w->archive->queued, w->items[i]->bytes);
        free(w->items[i]);
    }
    w->count -= count;
    memmove(w->items, w->items + count, w->count * sizeof w->items[0]);
}

static rg_err append(struct writer *w, size_t count)
{
    struct rg_chain_block blocks[GROUP_MAX];
    for (size_t i = 0; i < count; i++) {
        blocks[i] = w->items[i]->block;
    }
    rg_err err = RG_ERR_FULL;
    for (int tries = 0; err == RG_ERR_FULL && tries < GROW_TRIES; tries++) {
        err = rg_chain_append(w->archive->chain, blocks, count, w->items[count - 1]->state);
    }
    return err;
}

/* Write one group if there is one; tell how far it went. */
static void write_group(struct writer *w)
{
    size_t count = certified(w);
    RG_FAILPOINT("archive.group");
    if (count == 0) {
        if (w->count < GROUP_MAX) {
            return;
        }
        count = w->count; /* 256 blocks under one certificate: better a tip without than no end */
    }
    struct rg_archive_report report = {
        .height = w->items[count - 1]->block.height,
        .time_ms = (uint64_t)w->items[count - 1]->block.time_ms,
        .err = append(w, count),
    };
    const bool bulk = queued_bytes(w) > PACE_BYTES;
    w->failed = report.err != RG_OK;
    let_go(w, count);
    w->due_ms = zclock_mono() + (bulk ? PACE_BULK_MS : PACE_MS);
    RG_FAILPOINT("archive.report");
    (void)zmq_send(zsock_resolve(w->pipe), &report, sizeof report, 0);
}

/* A killed reader of another process (`verify` aside, there is none) must not pin old pages. */
static void check_readers(struct writer *w)
{
    const int64_t now = zclock_mono();
    if (!w->failed && now - w->readers_checked_ms > READERS_MS) {
        w->readers_checked_ms = now;
        RG_IGNORE(rg_chain_check_readers(w->archive->chain), "a latched error comes with a write");
    }
}

static void run(zsock_t *pipe, void *arg)
{
    struct rg_archive *a = arg;
    struct writer *w = &a->writer;
    w->archive = a;
    w->pipe = pipe;
    (void)zsock_signal(pipe, 0);
    while (!w->stop && !w->failed) {
        zmq_pollitem_t item = {.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, wait_ms(w)) < 0 && zmq_errno() != EINTR) {
            break;
        }
        gather(w);
        if (wait_ms(w) <= 0 || w->count == GROUP_MAX || queued_bytes(w) >= GROUP_BYTES) {
            write_group(w);
        }
        check_readers(w);
    }
    if (!w->failed) {
        write_group(w);
    }
    let_go(w, w->count);
}

rg_err rg_archive_start(struct rg_chain *chain, struct rg_archive **out)
{
    struct rg_archive *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return RG_ERR_NOMEM;
    }
    a->chain = chain;
    /* The bound is in bytes (rg_archive_is_full): the pipe itself must never refuse. */
    const size_t before = zsys_pipehwm();
    zsys_set_pipehwm(0);
    a->actor = zactor_new(run, a);
    zsys_set_pipehwm(before);
    if (a->actor == NULL) {
        free(a);
        return RG_ERR_SYSTEM;
    }
    *out = a;
    return RG_OK;
}

void rg_archive_stop(struct rg_archive **a_p)
{
    if (a_p == NULL || *a_p == NULL) {
        return;
    }
    if ((*a_p)->ended) {
        zclock_sleep(20); /* its thread lets go of the pipe; see rg_zap_stop */
    }
    zactor_destroy(&(*a_p)->actor);
    free(*a_p);
    *a_p = NULL;
}

bool rg_archive_next_report(struct rg_archive *a, struct rg_archive_report *out)
{
    struct rg_archive_report report;
    for (;;) {
        const int len = zmq_recv(zsock_resolve(a->actor), &report, sizeof report, ZMQ_DONTWAIT);
        if (len < 0) {
            return false;
        }
        if (len == (int)sizeof report) {
            *out = report;
            return true;
        }
        a->ended = true;
    }
}

struct _zsock_t *rg_archive_socket(struct rg_archive *a)
{
    return zactor_sock(a->actor);
}
