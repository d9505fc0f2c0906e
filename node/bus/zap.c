#include "node/bus/zap.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/num.h"
#include "base/panic.h"
#include <czmq.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HANDLER_ENDPOINT "inproc://zeromq.zap.01"
#define FRAMES_MAX 7      /* version, request, domain, address, identity, mechanism, key */
#define FRAME_TEXT_MAX 64 /* bytes of a request's frame that are looked at */
#define MISSED_MAX 6      /* checks without an answer until the handler counts as hanging */
#define TOLD_PER_SECOND 5
#define REFUSALS_KEPT 16 /* told, not taken yet */

/* One line of the allow-list. */
struct allowed {
    struct rg_pubkey key;
    uint32_t principal;
};

struct principal {
    uint32_t domains; /* bits 1 << rg_zap_domain */
    uint64_t valid_to_ms;
};

struct rg_zap {
    zactor_t *actor;
    /* Written before the actor starts, constant from then on. */
    size_t count;
    struct allowed list[RG_PRINCIPALS_MAX];
    struct principal principals[RG_PRINCIPALS_MAX];
    /* Shared. */
    _Atomic uint64_t accepted;
    _Atomic uint64_t refused;
    _Atomic bool alive;
    _Atomic bool failed; /* the handler could not bind */
    _Atomic bool crash;  /* test hook */
    /* The owner's. */
    bool ended;
    unsigned missed;
    bool asked;
    size_t refusal_count;
    struct rg_zap_refusal refusals[REFUSALS_KEPT];
};

/* The handler thread's own. */
struct handler {
    struct rg_zap *zap;
    zsock_t *pipe;
    void *rep;
    uint64_t second;
    unsigned told;
    uint64_t suppressed;
    bool done;
};

struct request {
    size_t frames;
    size_t len[FRAMES_MAX];
    uint8_t frame[FRAMES_MAX][FRAME_TEXT_MAX + 1];
};

static uint64_t wall_ms(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(((const struct allowed *)a)->key.b, ((const struct allowed *)b)->key.b,
                  RG_KEY_BYTES);
}

/* Which domains a principal may use, seen from the node of agency @own. */
static uint32_t domains_of(const struct rg_principal *p, uint32_t own)
{
    if ((p->roles & RG_ROLE_NODE) != 0) {
        return 1u << RG_ZAP_PEER;
    }
    if (p->agency != own || p->roles == 0) {
        return 0;
    }
    const uint32_t readers = RG_ROLE_CASE_SYSTEM | RG_ROLE_OFFICER | RG_ROLE_MONITOR;
    return 1u << RG_ZAP_API | ((p->roles & readers) != 0 ? 1u << RG_ZAP_EVENTS : 0u);
}

static bool may_use(const struct rg_zap *z, uint32_t principal, enum rg_zap_domain domain)
{
    if (principal >= RG_PRINCIPALS_MAX || (z->principals[principal].domains & 1u << domain) == 0) {
        return false;
    }
    const uint64_t to = z->principals[principal].valid_to_ms;
    return to == 0 || wall_ms() <= to;
}

const char *rg_zap_domain_text(enum rg_zap_domain domain)
{
    static const char *const names[] = {
        [RG_ZAP_NONE] = "none",     [RG_ZAP_PEER] = "peer",   [RG_ZAP_API] = "api",
        [RG_ZAP_EVENTS] = "events", [RG_ZAP_PROBE] = "probe",
    };
    return (size_t)domain < sizeof names / sizeof names[0] ? names[domain] : names[RG_ZAP_NONE];
}

static enum rg_zap_domain domain_of(const char *name)
{
    for (int d = RG_ZAP_PEER; d <= RG_ZAP_PROBE; d++) {
        if (strcmp(name, rg_zap_domain_text((enum rg_zap_domain)d)) == 0) {
            return (enum rg_zap_domain)d;
        }
    }
    return RG_ZAP_NONE;
}

/* Read a whole request; frames beyond the form and bytes beyond a frame's room are thrown away. */
static bool read_request(void *rep, struct request *out)
{
    memset(out, 0, sizeof *out);
    int more = 1;
    while (more != 0) {
        zmq_msg_t m;
        (void)zmq_msg_init(&m);
        if (zmq_msg_recv(&m, rep, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&m);
            return false;
        }
        more = zmq_msg_more(&m);
        if (out->frames < FRAMES_MAX) {
            const size_t len = rg_num_min(zmq_msg_size(&m), FRAME_TEXT_MAX);
            memcpy(out->frame[out->frames], zmq_msg_data(&m), len);
            out->len[out->frames] = len;
        }
        out->frames++;
        (void)zmq_msg_close(&m);
    }
    return true;
}

static void answer(void *rep, const struct request *r, const char *code, const char *text,
                   const char *user_id)
{
    (void)zmq_send(rep, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(rep, r->frame[1], r->len[1], ZMQ_SNDMORE);
    (void)zmq_send(rep, code, strlen(code), ZMQ_SNDMORE);
    (void)zmq_send(rep, text, strlen(text), ZMQ_SNDMORE);
    (void)zmq_send(rep, user_id, strlen(user_id), ZMQ_SNDMORE);
    (void)zmq_send(rep, "", 0, 0);
}

/* Tell the owner of a refusal, a few in a second, never waiting for it. */
static void tell_refusal(struct handler *h, const struct request *r, enum rg_zap_domain domain)
{
    const uint64_t second = wall_ms() / 1000u;
    if (second != h->second) {
        h->second = second;
        h->told = 0;
    }
    struct rg_zap_refusal note = {.domain = domain, .suppressed = h->suppressed};
    (void)snprintf(note.address, sizeof note.address, "%.63s", (const char *)r->frame[3]);
    (void)snprintf(note.mechanism, sizeof note.mechanism, "%.15s", (const char *)r->frame[5]);
    if (r->frames == FRAMES_MAX && r->len[6] == RG_KEY_BYTES) {
        rg_hex_format(r->frame[6], 8, note.key);
    }
    if (h->told >= TOLD_PER_SECOND ||
        zmq_send(zsock_resolve(h->pipe), &note, sizeof note, ZMQ_DONTWAIT) < 0) {
        h->suppressed++;
        return;
    }
    h->told++;
    h->suppressed = 0;
}

/* The principal of a request that may be let in; UINT32_MAX otherwise. */
static uint32_t judge(const struct rg_zap *z, const struct request *r, enum rg_zap_domain domain)
{
    if (r->frames != FRAMES_MAX || strcmp((const char *)r->frame[5], "CURVE") != 0 ||
        r->len[6] != RG_KEY_BYTES) {
        return UINT32_MAX;
    }
    struct allowed wanted;
    memcpy(wanted.key.b, r->frame[6], RG_KEY_BYTES);
    const struct allowed *found =
        bsearch(&wanted, z->list, z->count, sizeof z->list[0], compare_keys);
    if (found == NULL || !may_use(z, found->principal, domain)) {
        return UINT32_MAX;
    }
    return found->principal;
}

static void handle_request(struct handler *h)
{
    struct request r;
    if (!read_request(h->rep, &r)) {
        return;
    }
    const enum rg_zap_domain domain = domain_of((const char *)r.frame[2]);
    const uint32_t principal = judge(h->zap, &r, domain);
    if (principal != UINT32_MAX) {
        char user_id[RG_ZAP_USER_ID_MAX];
        (void)snprintf(user_id, sizeof user_id, "%u", (unsigned)principal);
        atomic_fetch_add_explicit(&h->zap->accepted, 1, memory_order_relaxed);
        answer(h->rep, &r, "200", "OK", user_id);
        return;
    }
    if (domain == RG_ZAP_PEER) {
        answer(h->rep, &r, "300", "not a node of this ledger", "");
    } else {
        answer(h->rep, &r, "400", "this key is not allowed here", "");
    }
    if (domain != RG_ZAP_PROBE) {
        atomic_fetch_add_explicit(&h->zap->refused, 1, memory_order_relaxed);
        tell_refusal(h, &r, domain);
    }
}

/* One word of the owner: p ping, or czmq's $TERM. */
static void handle_pipe(struct handler *h)
{
    char word[8] = "";
    const int len = zmq_recv(zsock_resolve(h->pipe), word, sizeof word - 1, ZMQ_DONTWAIT);
    if (len < 0) {
        return;
    }
    if (word[0] == 'p') {
        (void)zmq_send(zsock_resolve(h->pipe), "p", 1, ZMQ_DONTWAIT);
    } else {
        h->done = true;
    }
}

static void run(zsock_t *pipe, void *arg)
{
    struct handler h = {.zap = arg, .pipe = pipe};
    zsock_t *rep = zsock_new(ZMQ_REP);
    if (rep == NULL || zmq_bind(zsock_resolve(rep), HANDLER_ENDPOINT) != 0) {
        atomic_store(&h.zap->failed, true);
        h.done = true;
    } else {
        h.rep = zsock_resolve(rep);
        zsock_set_linger(rep, 0);
    }
    (void)zsock_signal(pipe, 0);
    while (!h.done) {
        zmq_pollitem_t items[2] = {
            {.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN},
            {.socket = h.rep, .events = ZMQ_POLLIN},
        };
        if (zmq_poll(items, 2, -1) < 0) {
            if (zmq_errno() == EINTR) {
                continue;
            }
            break;
        }
        if (atomic_load_explicit(&h.zap->crash, memory_order_relaxed)) {
            break;
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0) {
            handle_request(&h);
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) {
            handle_pipe(&h);
        }
    }
    if (h.rep != NULL) {
        (void)zmq_unbind(h.rep, HANDLER_ENDPOINT); /* now; closing alone does it some time later */
    }
    zsock_destroy(&rep);
}

rg_err rg_zap_start(const struct rg_genesis *genesis, uint32_t principal, struct rg_zap **out)
{
    RG_ASSERT(principal < genesis->principal_count);
    struct rg_zap *z = calloc(1, sizeof *z);
    if (z == NULL) {
        return RG_ERR_NOMEM;
    }
    const uint32_t own = genesis->principal[principal].agency;
    for (uint32_t i = 0; i < genesis->principal_count; i++) {
        const struct rg_principal *p = &genesis->principal[i];
        const uint32_t domains = domains_of(p, own);
        z->principals[i] = (struct principal){.domains = domains, .valid_to_ms = p->valid_to_ms};
        if (domains != 0) {
            z->list[z->count++] = (struct allowed){.key = p->curve_key, .principal = i};
        }
    }
    qsort(z->list, z->count, sizeof z->list[0], compare_keys);
    atomic_store(&z->alive, true);
    z->actor = zactor_new(run, z);
    if (z->actor == NULL) {
        free(z);
        return RG_ERR_SYSTEM;
    }
    if (atomic_load(&z->failed)) {
        z->ended = true;
        rg_zap_stop(&z);
        return RG_ERR_EXISTS;
    }
    *out = z;
    return RG_OK;
}

void rg_zap_stop(struct rg_zap **z_p)
{
    if (z_p == NULL || *z_p == NULL) {
        return;
    }
    if ((*z_p)->ended) {
        /* Its thread has said goodbye; let it go fully, so that zactor_destroy finds no other end
         * and does not wait for an answer. */
        zclock_sleep(20);
    }
    zactor_destroy(&(*z_p)->actor);
    free(*z_p);
    *z_p = NULL;
}

/* Read all that the handler said. */
static void read_pipe(struct rg_zap *z)
{
    for (;;) {
        struct rg_zap_refusal note;
        const int len = zmq_recv(zsock_resolve(z->actor), &note, sizeof note, ZMQ_DONTWAIT);
        if (len < 0) {
            return;
        }
        if (len == 1) {
            z->asked = false;
            z->missed = 0;
        } else if (len == (int)sizeof note) {
            if (z->refusal_count < REFUSALS_KEPT) {
                z->refusals[z->refusal_count++] = note;
            }
        } else {
            z->ended = true; /* czmq's signal that the actor's function has returned */
        }
    }
}

bool rg_zap_check(struct rg_zap *z)
{
    read_pipe(z);
    if (!z->ended && z->asked) {
        z->missed++;
    } else if (!z->ended) {
        z->asked = zmq_send(zsock_resolve(z->actor), "p", 1, ZMQ_DONTWAIT) == 1;
    }
    const bool alive = !z->ended && z->missed < MISSED_MAX;
    atomic_store_explicit(&z->alive, alive, memory_order_relaxed);
    return alive;
}

bool rg_zap_is_alive(const struct rg_zap *z)
{
    return atomic_load_explicit(&z->alive, memory_order_relaxed);
}

bool rg_zap_next_refusal(struct rg_zap *z, struct rg_zap_refusal *out)
{
    if (z->refusal_count == 0) {
        return false;
    }
    *out = z->refusals[0];
    z->refusal_count--;
    memmove(z->refusals, z->refusals + 1, z->refusal_count * sizeof z->refusals[0]);
    return true;
}

struct rg_zap_counts rg_zap_get_counts(const struct rg_zap *z)
{
    return (struct rg_zap_counts){
        .accepted = atomic_load_explicit(&z->accepted, memory_order_relaxed),
        .refused = atomic_load_explicit(&z->refused, memory_order_relaxed),
    };
}

uint32_t rg_zap_principal_of(const struct rg_zap *z, enum rg_zap_domain domain, const char *user_id)
{
    uint64_t number = 0;
    if (user_id == NULL ||
        rg_num_parse_u64(rg_bytes_str(user_id), RG_PRINCIPALS_MAX - 1, &number) != RG_OK ||
        !may_use(z, (uint32_t)number, domain)) {
        return UINT32_MAX;
    }
    return (uint32_t)number;
}

uint32_t rg_zap_principal(const struct rg_zap *z, enum rg_zap_domain domain, struct _zframe_t *body)
{
    return rg_zap_principal_of(z, domain, zframe_meta(body, "User-Id"));
}

void rg_zap_kill_for_test(struct rg_zap *z)
{
    atomic_store_explicit(&z->crash, true, memory_order_relaxed);
}
