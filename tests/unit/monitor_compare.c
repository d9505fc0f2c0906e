/* Alerts compared between nodes: three monitors that judge what their agencies read and tell each
 * other the digests. The same in any order; different, once, until it agrees again; late, with keys
 * missing, restarted; and what a hostile peer says. */
#include "monitor_lab.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "node/monitor/alertdigest.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/monitor_priv.h"
#include "proto/peer_codec.h"
#include "storage/chain.h"

#define NODES 3
#define STEP RG_ALERTDIGEST_STEP

struct net {
    struct lab *lab[NODES];
    struct from {
        struct net *net;
        uint16_t place;
    } from[NODES];
    bool cut; /* what is sent is lost */
    uint64_t sent;
    struct rg_arena arena;
    struct rg_hash last[NODES][NODES]; /* the newest digest that was sent, from and to */
};

static void deliver(void *ctx, uint16_t to, struct rg_bytes bytes)
{
    const struct from *f = ctx;
    struct net *n = f->net;
    struct rg_peer_message m;
    assert_true(to < NODES && to != f->place);
    n->sent++;
    rg_arena_reset(&n->arena);
    assert_int_equal(rg_peer_codec_decode(&n->arena, &n->lab[0]->genesis->ledger_id, bytes, &m),
                     RG_OK);
    assert_int_equal(m.kind, RG_PEER_ALERT_DIGESTS);
    n->last[f->place][to] = m.commitments[0];
    if (!n->cut && n->lab[to]->monitor != NULL) {
        rg_monitor_on_digests(n->lab[to]->monitor, f->place, &m);
    }
}

/* Node i is of agency i; nobody has judged anything yet. */
static struct net *net_of(const char *process)
{
    static const char *const agencies[NODES] = {"BAMF", "LDS-SN", "ZAB"};
    struct net *n = calloc(1, sizeof *n);
    assert_non_null(n);
    assert_int_equal(rg_arena_init(&n->arena, 64 * 1024), RG_OK);
    for (uint16_t i = 0; i < NODES; i++) {
        n->lab[i] = lab_new(process, NULL);
        if (i > 0) { /* one chain for all: the first node writes it */
            rg_chain_close(&n->lab[i]->chain);
            n->lab[i]->chain = n->lab[0]->chain;
            n->lab[i]->chain_height = UINT64_MAX;
        }
        n->from[i] = (struct from){n, i};
        n->lab[i]->principal = i;
        n->lab[i]->send = deliver;
        n->lab[i]->send_ctx = &n->from[i];
        struct rg_genesis *g = n->lab[i]->genesis;
        g->agency_count = NODES;
        g->principal_count = NODES;
        for (uint32_t k = 0; k < NODES; k++) {
            (void)snprintf(g->agency[k].name, sizeof g->agency[k].name, "%s", agencies[k]);
            (void)snprintf(g->principal[k].name, sizeof g->principal[k].name, "node%u", k + 1);
            g->principal[k].agency = k;
            g->principal[k].roles = RG_ROLE_NODE;
        }
    }
    return n;
}

static struct net *net_new(void)
{
    return net_of(LAB_PROCESS);
}

static void net_free(struct net **n)
{
    for (unsigned i = NODES; i-- > 0;) {
        lab_close((*n)->lab[i]);
        (*n)->lab[i]->chain = i > 0 ? NULL : (*n)->lab[i]->chain;
        lab_free(&(*n)->lab[i]);
    }
    rg_arena_fini(&(*n)->arena);
    free(*n);
    *n = NULL;
}

/* A block at every node, so long after the one before. */
static uint64_t block_after(struct net *n, int64_t ms)
{
    uint64_t h = 0;
    for (unsigned i = 0; i < NODES; i++) {
        h = lab_block(n->lab[i], n->lab[i]->time[n->lab[i]->height] + ms);
    }
    return h;
}

static uint64_t block(struct net *n)
{
    return block_after(n, 3000);
}

/* An event that nodes of @readers can open; its case is then theirs. */
static void feed(struct net *n, uint64_t readers, uint64_t case_no, uint64_t height,
                 const char *step)
{
    for (unsigned i = 0; i < NODES; i++) {
        if ((readers >> i & 1) != 0) {
            lab_feed(n->lab[i], case_no, height, step, (int64_t)(3000 * height));
            n->lab[i]->feed.readers[case_no] = readers;
        }
    }
}

/* Judge the first @shown events up to @height, and write it. */
static void run_to(struct lab *lab, uint64_t shown, uint64_t height)
{
    lab_run(lab, shown, height);
    while (rg_evaluate_complete(lab->monitor->evaluate) < height) {
        /* Not to wait for what may be written later. */
        assert_int_equal(rg_evaluate_flush(lab->monitor->evaluate), RG_OK);
        lab_step(lab, 0);
    }
    lab_step(lab, 0); /* tells it */
    lab_step(lab, 0);
}

static void run(struct net *n, unsigned i, uint64_t height)
{
    run_to(n->lab[i], n->lab[i]->feed.count, height);
}

static void run_all(struct net *n, uint64_t height)
{
    for (unsigned i = 0; i < NODES; i++) {
        run(n, i, height);
    }
    for (unsigned i = 0; i < NODES; i++) {
        lab_step(n->lab[i], 0); /* what the others' word gave is written */
    }
}

static struct rg_monitor_status status_of(const struct net *n, unsigned i)
{
    struct rg_monitor_status s;
    rg_monitor_get_status(n->lab[i]->monitor, &s);
    return s;
}

/* Node @i told that peers differ @raised times and that they agree again @healed times. */
static void assert_told(struct net *n, unsigned i, size_t raised, size_t healed)
{
    size_t count[2] = {0, 0};
    lab_read(n->lab[i]);
    for (size_t k = 0; k < n->lab[i]->alert_count; k++) {
        const struct lab_alert *a = &n->lab[i]->alerts[k];
        if (strcmp(a->rule, "alerts-differ") == 0) {
            assert_string_equal(a->severity, "system");
            count[strcmp(a->state, "healed") == 0 ? 1 : 0]++;
        }
    }
    assert_int_equal(count[0], raised);
    assert_int_equal(count[1], healed);
}

static void open_all(struct net *n)
{
    for (unsigned i = 0; i < NODES; i++) {
        lab_open(n->lab[i]);
    }
}

/* Append the blocks up to @height that traffic() will make, in one write: a sync each costs
 * seconds. */
static void prepare(struct lab *lab, uint64_t height)
{
    static const uint8_t bytes[] = "block";
    static struct rg_chain_block b[32 * STEP];
    size_t count = 0;
    for (uint64_t h = lab->height + 1; h <= height; h++, count++) {
        b[count] = (struct rg_chain_block){.height = h,
                                           .time_ms = lab->time[lab->height] +
                                                      3000 * (int64_t)(h - lab->height),
                                           .bytes = {bytes, sizeof bytes},
                                           .result = {bytes, 1}};
        memcpy(b[count].hash.b, &h, sizeof h);
    }
    assert_int_equal(rg_chain_append(lab->chain, b, count, (struct rg_bytes){bytes, 1}), RG_OK);
    lab->chain_height = height;
}

/* Blocks up to @height, with an alert every few blocks in cases of all readers. */
static void traffic(struct net *n, uint64_t height)
{
    if (n->lab[0]->height < height) {
        prepare(n->lab[0], height);
    }
    while (n->lab[0]->height < height) {
        const uint64_t h = block(n);
        const char *const steps[] = {"anfang", "ende_schritt", "antwort"};
        feed(n, 7, 1 + h % 5, h, steps[h % 3]);
    }
}

/* Blocks up to @height, with nothing in them. */
static void quiet(struct net *n, uint64_t height)
{
    while (n->lab[0]->height < height) {
        (void)block(n);
    }
}

static void test_same(void **state)
{
    (void)state;
    struct net *n = net_new();
    open_all(n);
    traffic(n, STEP - 1);
    run_all(n, STEP - 1);
    assert_int_equal(n->sent, 0);
    assert_int_equal(status_of(n, 0).compared_height, 0);
    traffic(n, 3 * STEP + 5);
    run_all(n, 3 * STEP + 5);
    assert_int_equal(n->sent, NODES * (NODES - 1));
    const struct rg_hash none = {{0}};
    assert_false(rg_hash_eq(&n->last[0][1], &none));
    assert_true(rg_hash_eq(&n->last[0][1], &n->last[1][0]));
    for (unsigned i = 0; i < NODES; i++) {
        assert_int_equal(status_of(n, i).compared_height, 3 * STEP);
        assert_int_equal(status_of(n, i).differ, 0);
        assert_told(n, i, 0, 0);
    }
    /* Nothing new, nothing said. */
    run_all(n, 3 * STEP + 5);
    assert_int_equal(n->sent, NODES * (NODES - 1));
    /* A peer that comes back is told once more, and alone. */
    rg_monitor_on_peer_up(n->lab[0]->monitor, 2);
    rg_monitor_on_peer_up(n->lab[0]->monitor, 0);
    rg_monitor_on_peer_up(n->lab[0]->monitor, NODES);
    assert_int_equal(n->sent, NODES * (NODES - 1) + 1);
    net_free(&n);
}

/* What a peer does not read is not in what it is told. */
static void test_readers(void **state)
{
    (void)state;
    struct net *n = net_new();
    open_all(n);
    traffic(n, STEP);
    run_all(n, STEP);
    const struct rg_hash before = n->last[0][1];
    uint64_t h = block(n);
    feed(n, 5, 50, h, "ende_schritt"); /* BAMF and ZAB */
    feed(n, 1, 60, h, "ende_schritt"); /* BAMF alone */
    while (h < (uint64_t)2 * STEP) {
        h = block(n);
    }
    run_all(n, h);
    /* Deadlines passed meanwhile, the same for all. */
    assert_true(rg_hash_eq(&n->last[0][1], &n->last[1][0]));
    assert_true(rg_hash_eq(&n->last[0][1], &n->last[1][2]));
    assert_false(rg_hash_eq(&n->last[0][1], &n->last[0][2]));
    assert_true(rg_hash_eq(&n->last[0][2], &n->last[2][0]));
    assert_false(rg_hash_eq(&n->last[0][1], &before));
    for (unsigned i = 0; i < NODES; i++) {
        assert_told(n, i, 0, 0);
        assert_int_equal(status_of(n, i).compared_height, 2 * STEP);
    }
    net_free(&n);
}

/* Entries with a late key are judged behind later ones; until then the node says nothing, and
 * whoever told it something is compared with then. */
static void test_parked_and_late(void **state)
{
    (void)state;
    struct net *n = net_new();
    open_all(n);
    const uint64_t h = block(n);
    feed(n, 5, 70, h, "ende_schritt"); /* all but node 2 have it now */
    n->lab[0]->feed.readers[70] = 7;
    n->lab[2]->feed.readers[70] = 7;
    traffic(n, 2 * STEP + 3);
    n->lab[1]->feed.parked = 1;
    run_all(n, 2 * STEP + 3);
    assert_int_equal(n->sent, 2 * (NODES - 1));
    assert_int_equal(status_of(n, 1).compared_height, 0);
    traffic(n, 3 * STEP + 3); /* the others go on */
    run_all(n, 3 * STEP + 3);
    assert_int_equal(status_of(n, 1).compared_height, 0);
    assert_int_equal(status_of(n, 0).compared_height, 3 * STEP);
    lab_feed(n->lab[1], 70, h, "ende_schritt", (int64_t)(3000 * h));
    n->lab[1]->feed.readers[70] = 7;
    n->lab[1]->feed.parked = 0;
    run(n, 1, 3 * STEP + 3);
    for (unsigned i = 0; i < NODES; i++) {
        assert_int_equal(status_of(n, i).compared_height, 3 * STEP);
        assert_int_equal(status_of(n, i).differ, 0);
        assert_told(n, i, 0, 0);
    }
    net_free(&n);
}

/* A node far behind is compared when it comes to what the others still have. */
static void test_behind(void **state)
{
    (void)state;
    struct net *n = net_new();
    open_all(n);
    traffic(n, 4 * STEP);
    run(n, 0, 4 * STEP);
    run(n, 2, 4 * STEP);
    traffic(n, 21 * STEP);
    run(n, 0, 21 * STEP);
    run(n, 2, 21 * STEP);
    n->lab[1]->feed.shown = 0;
    /* It has judged up to block 4 x STEP when the others are out of reach. */
    uint64_t shown = 0;
    while (n->lab[1]->feed.events[shown].height <= (uint64_t)4 * STEP) {
        shown++;
    }
    run_to(n->lab[1], shown, 4 * STEP);
    assert_int_equal(status_of(n, 1).compared_height, 0);
    run(n, 1, 21 * STEP);
    assert_int_equal(status_of(n, 1).compared_height, 21 * STEP);
    for (unsigned i = 0; i < NODES; i++) {
        assert_told(n, i, 0, 0);
    }
    net_free(&n);
}

/* Node 2 does not judge like the others. */
static void test_different(void **state)
{
    (void)state;
    struct net *n = net_new();
    open_all(n);
    traffic(n, STEP);
    run_all(n, STEP);
    const uint64_t h = block(n);
    feed(n, 5, 80, h, "ende_schritt");
    n->lab[0]->feed.readers[80] = 7;
    n->lab[2]->feed.readers[80] = 7;
    traffic(n, 2 * STEP + 1);
    run_all(n, 2 * STEP + 1);
    traffic(n, 4 * STEP);
    run_all(n, 4 * STEP);
    assert_told(n, 0, 1, 0);
    assert_told(n, 1, 2, 0); /* one for each of the others */
    assert_told(n, 2, 1, 0);
    assert_int_equal(status_of(n, 0).differ, 2);
    assert_int_equal(status_of(n, 1).differ, 5);
    /* A restart knows it, and says nothing twice. */
    for (unsigned i = 0; i < NODES; i++) {
        lab_close(n->lab[i]);
    }
    open_all(n);
    assert_int_equal(status_of(n, 0).differ, 2);
    run_all(n, 4 * STEP);
    assert_int_equal(status_of(n, 0).compared_height, 4 * STEP);
    traffic(n, 5 * STEP);
    run_all(n, 5 * STEP);
    assert_told(n, 0, 1, 0);
    assert_told(n, 1, 2, 0);
    /* It finds what it had missed: they agree from the next checkpoint on. */
    lab_feed(n->lab[1], 80, h, "ende_schritt", (int64_t)(3000 * h));
    traffic(n, 6 * STEP);
    run_all(n, 6 * STEP);
    assert_told(n, 0, 1, 1);
    assert_told(n, 1, 2, 2);
    assert_told(n, 2, 1, 1);
    assert_int_equal(status_of(n, 1).differ, 0);
    net_free(&n);
}

/* Withdrawn by a correction, restarted in between, and judged in one go: all the same. */
static void test_amended_and_restarted(void **state)
{
    (void)state;
    struct net *n = net_new();
    lab_open(n->lab[0]);
    uint64_t h = block(n);
    feed(n, 7, 1, h, "ende_schritt");
    feed(n, 7, 2, h, "anfang");
    run(n, 0, h);
    while (h < (uint64_t)STEP + 2) {
        h = block(n);
        lab_close(n->lab[0]);
        lab_open(n->lab[0]);
        run(n, 0, h);
    }
    for (unsigned i = 0; i < NODES; i++) {
        (void)lab_amend(n->lab[i], 1, RG_ABOUT_CANCEL, h, "ende_schritt", (int64_t)(3000 * h));
    }
    run(n, 0, h);
    lab_open(n->lab[1]);
    lab_open(n->lab[2]);
    while (h < (uint64_t)2 * STEP) {
        h = block(n);
    }
    run_all(n, h);
    assert_true(rg_hash_eq(&n->last[0][1], &n->last[1][0]));
    for (unsigned i = 0; i < NODES; i++) {
        assert_told(n, i, 0, 0);
        assert_int_equal(status_of(n, i).compared_height, 2 * STEP);
    }
    net_free(&n);
}

/* R4 is critical after 10 s and can be healed; a minute later what is critical is escalated. */
#define SEEN(escalate)                                                                             \
    "process: lab\nversion: 3\nclock: ledger\nreaders: all\n" escalate                             \
    "steps: [anfang, antwort, ende_schritt]\n" LAB_RULES                                           \
    "  - id: R4\n    template: response_within\n    activities: [anfang, antwort]\n"               \
    "    within: PT10S\n    severity: critical\n    heal: true\n"

/* At node @i somebody acknowledges what rule @rule says of the first event of case @case_no. */
static void acknowledge(struct net *n, unsigned i, const char *rule, uint64_t case_no,
                        uint64_t height)
{
    lab_read(n->lab[0]);
    const struct lab_alert *a = lab_find(n->lab[0], rule, case_no, 0);
    assert_non_null(a);
    lab_ack(n->lab[i], case_no, height, a->id, "seen");
}

/* What node @i told last of an alert. */
static void assert_stands(struct net *n, unsigned i, const char *rule, uint64_t case_no,
                          const char *state)
{
    lab_read(n->lab[i]);
    const struct lab_alert *first = lab_find(n->lab[i], rule, case_no, 0);
    const struct lab_alert *last = first;
    assert_non_null(first);
    for (size_t k = 0; k < n->lab[i]->alert_count; k++) {
        const struct lab_alert *a = &n->lab[i]->alerts[k];
        last = strcmp(a->alert, first->alert) == 0 ? a : last;
    }
    assert_string_equal(last->state, state);
}

static void assert_agree(struct net *n, uint64_t height)
{
    run_all(n, height);
    assert_true(rg_hash_eq(&n->last[0][1], &n->last[1][0]));
    for (unsigned i = 0; i < NODES; i++) {
        assert_int_equal(status_of(n, i).compared_height, height);
        assert_int_equal(status_of(n, i).differ, 0);
        assert_told(n, i, 0, 0);
    }
}

/* Four cases up to checkpoint 3; the alert of the first stays, of the third it is healed, of the
 * others withdrawn. @seen: before that somebody acknowledges all but the second, which is
 * escalated; of the first node 1 hears too late. Gives the digest. */
static struct rg_hash judge_four(const char *process, bool seen)
{
    struct net *n = net_of(process);
    const struct rg_hash none = {{0}};
    open_all(n);
    const uint64_t first = block(n);
    feed(n, 7, 1, first, "ende_schritt");
    feed(n, 7, 2, first, "ende_schritt");
    feed(n, 7, 3, first, "anfang");
    feed(n, 7, 4, first, "ende_schritt");
    prepare(n->lab[0], (uint64_t)3 * STEP);
    quiet(n, STEP);
    assert_agree(n, STEP);
    const struct rg_hash raised = n->last[0][1];
    assert_false(rg_hash_eq(&raised, &none));
    const uint64_t h = block(n);
    for (unsigned i = 0; seen && i < NODES; i++) {
        acknowledge(n, i, "R4", 3, h);
        acknowledge(n, i, "R2", 4, h);
        if (i != 1) {
            acknowledge(n, i, "R2", 1, h);
        }
    }
    quiet(n, 2 * STEP);
    assert_agree(n, 2 * STEP);
    assert_true(rg_hash_eq(&raised, &n->last[0][1]));
    if (seen) {
        assert_stands(n, 0, "R2", 1, "acknowledged");
        assert_stands(n, 1, "R2", 1, "escalated");
        assert_stands(n, 0, "R2", 2, "escalated");
        assert_stands(n, 1, "R4", 3, "acknowledged");
        assert_stands(n, 2, "R2", 4, "acknowledged");
        acknowledge(n, 1, "R2", 1, h);
    }
    const uint64_t late = block(n);
    feed(n, 7, 3, late, "antwort");
    for (unsigned i = 0; i < NODES; i++) {
        (void)lab_amend(n->lab[i], 2, RG_ABOUT_CANCEL, late, "ende_schritt", 3000);
        (void)lab_amend(n->lab[i], 4, RG_ABOUT_CANCEL, late, "ende_schritt", 3000);
    }
    quiet(n, 3 * STEP);
    assert_agree(n, 3 * STEP);
    for (unsigned i = 0; i < NODES; i++) {
        assert_stands(n, i, "R2", 1, seen ? "acknowledged" : "raised");
        assert_stands(n, i, "R2", 2, "withdrawn");
        assert_stands(n, i, "R4", 3, "healed");
        assert_stands(n, i, "R2", 4, "withdrawn");
    }
    const struct rg_hash end = n->last[0][1];
    assert_false(rg_hash_eq(&raised, &end));
    net_free(&n);
    return end;
}

/* Who has seen an alert, or that nobody has, is no difference, and nothing of it is in a digest. */
static void test_acknowledged_and_escalated(void **state)
{
    (void)state;
    const struct rg_hash seen = judge_four(SEEN("escalate_after: PT1M\n"), true);
    const struct rg_hash unseen = judge_four(SEEN(""), false);
    assert_true(rg_hash_eq(&seen, &unseen));
}

/* A peer may say what it likes: no harm, and one word for each height. */
static void test_hostile(void **state)
{
    (void)state;
    struct net *n = net_new();
    struct rg_hash lies[RG_PEER_DIGESTS_MAX];
    struct rg_peer_message m = {.kind = RG_PEER_ALERT_DIGESTS, .commitments = lies};
    open_all(n);
    traffic(n, 3 * STEP);
    n->cut = true;
    run_all(n, 3 * STEP);
    n->cut = false;
    memset(lies, 0xaa, sizeof lies);
    struct rg_monitor *victim = n->lab[0]->monitor;
    static const struct {
        uint16_t peer;
        uint64_t from;
        uint32_t count;
    } bad[] = {{0, STEP, 1},     /* this node */
               {NODES, STEP, 1}, /* nobody */
               {UINT16_MAX, STEP, 1},
               {1, STEP + 1, 1},                                         /* no checkpoint */
               {1, STEP - 1, 1},                                         /* before the first */
               {1, STEP, 2},                                             /* more than there are */
               {1, UINT64_MAX - UINT64_MAX % STEP, RG_PEER_DIGESTS_MAX}, /* never */
               {1, (3 + RG_PEER_DIGESTS_MAX) * (uint64_t)STEP, RG_PEER_DIGESTS_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        m.from = bad[i].from;
        m.key_count = bad[i].count;
        rg_monitor_on_digests(victim, bad[i].peer, &m);
        lab_step(n->lab[0], 0);
        assert_told(n, 0, 0, 0);
        assert_int_equal(status_of(n, 0).compared_height, 0);
    }
    m.kind = RG_PEER_KEY_ACK;
    m.from = 2 * STEP;
    m.key_count = 1;
    rg_monitor_on_digests(victim, 1, &m);
    m.kind = RG_PEER_ALERT_DIGESTS;
    assert_int_equal(status_of(n, 0).compared_height, 0);
    /* Now this, now that, at heights of its choice. */
    for (unsigned round = 0; round < 50; round++) {
        m.from = (uint64_t)STEP * (1 + round % 3);
        m.key_count = 1;
        rg_monitor_on_digests(victim, 1, &m);
        memset(lies, (int)round, sizeof lies);
        lab_step(n->lab[0], 0);
    }
    lab_step(n->lab[0], 0);
    assert_told(n, 0, 1, 0);
    assert_int_equal(status_of(n, 0).compared_height, 3 * STEP);
    assert_int_equal(status_of(n, 0).differ, 2);
    /* The truth heals it. */
    traffic(n, 4 * STEP);
    run_all(n, 4 * STEP);
    assert_told(n, 0, 1, 1);
    assert_told(n, 2, 0, 0);
    net_free(&n);
}

/* A peer that agrees and differs in turn is told of four times, and then once an hour. */
static void test_flapping(void **state)
{
    (void)state;
    struct net *n = net_new();
    struct rg_hash lie = {{1}};
    struct rg_hash truth;
    struct rg_peer_message m = {.kind = RG_PEER_ALERT_DIGESTS, .key_count = 1};
    lab_open(n->lab[0]);
    n->cut = true;
    for (unsigned i = 1; i <= 12; i++) {
        if (i == 12) {
            (void)block_after(n, 3600 * 1000);
        }
        traffic(n, i * STEP);
        run(n, 0, i * STEP);
        truth = n->last[0][1];
        m.from = (uint64_t)i * STEP;
        m.commitments = i % 2 == 0 ? &lie : &truth;
        rg_monitor_on_digests(n->lab[0]->monitor, 1, &m);
        lab_step(n->lab[0], 0);
        assert_int_equal(status_of(n, 0).differ, i % 2 == 0 ? 2 : 0);
        if (i == 11) {
            assert_told(n, 0, 4, 4);
        }
    }
    lab_step(n->lab[0], 0);
    assert_told(n, 0, 5, 4);
    net_free(&n);
}

/* Sums over rows that come and go are the sum over what counts. */
static void test_rows(void **state)
{
    (void)state;
    struct net *n = net_new();
    n->cut = true;
    lab_open(n->lab[0]);
    traffic(n, 22 * STEP);
    uint64_t shown = 0;
    struct rg_hash step_by_step = {{0}};
    for (uint64_t h = STEP; h <= (uint64_t)22 * STEP; h += STEP) {
        while (shown < n->lab[0]->feed.count && n->lab[0]->feed.events[shown].height <= h) {
            shown++;
        }
        run_to(n->lab[0], shown, h);
    }
    step_by_step = n->last[0][1];
    lab_open(n->lab[1]);
    run(n, 1, 22 * STEP);
    assert_true(rg_hash_eq(&step_by_step, &n->last[1][0]));
    net_free(&n);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_parked_and_late),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_different),
        cmocka_unit_test(test_amended_and_restarted),
        cmocka_unit_test(test_acknowledged_and_escalated),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_rows),
    };
    assert_true(argc > 1);
    lab_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
