/* The agency thread as the daemon runs it: real sockets, rules host and stores; the test plays the
 * ledger thread and a client. Argument: the program of the rules host. */
#include "agency_world.h"
#include "base/bytes.h"
#include "node/agency/agency.h"
#include "node/agency/api.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include "node/link.h"
#include <czmq.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char *rules_program;

static const char yaml[] = "process: probe\n"
                           "version: 3\n"
                           "clock: ledger\n"
                           "readers: all\n"
                           "steps: any\n"
                           "fields: any\n"
                           "rules:\n"
                           "  - id: R1\n"
                           "    template: absence\n"
                           "    activities: [doppelt]\n"
                           "    n: 2\n"
                           "    severity: warning\n"
                           "    message: {de: Zweimal., en: Twice.}\n";

/* One node with its surroundings. */
struct lab {
    char dir[64];
    struct rg_genesis genesis;
    struct rg_sign *node_key[2];
    struct rg_sign *member_key[2];
    struct rg_chain *chain;
    struct rg_zap *zap;
    struct rg_agency *agency;
    uint64_t height;
    uint64_t sequence;
    uint64_t next_request;
    struct rg_bytes record; /* private bytes of the last submission */
    uint64_t followed;
    bool hold; /* take, but make no block */
    bool late; /* the second block is there before its submission is told taken */
    struct rg_arena arena;
    uint8_t answer_bytes[RG_FRAME_API_MAX];
};

static void start_agency(struct lab *l)
{
    char why[RG_AGENCY_WHY_MAX];
    const struct rg_agency_config c = {.genesis = &l->genesis,
                                       .principal = 0,
                                       .key = l->node_key[0],
                                       .chain = l->chain,
                                       .data_dir = l->dir,
                                       .host = "127.0.0.1",
                                       .rules_program = rules_program,
                                       .cluster = true,
                                       .test_hooks = true,
                                       .zap = l->zap};
    const rg_err err = rg_agency_start(&c, &l->agency, why);
    if (err != RG_OK) {
        fail_msg("%s", why);
    }
}

static void tell(struct lab *l, const struct rg_link_message *head, struct rg_bytes data,
                 struct rg_bytes extra)
{
    struct rg_link_message *m = NULL;
    assert_int_equal(rg_link_new(head, data, extra, &m), RG_OK);
    rg_link_send(rg_agency_link(l->agency), &m);
}

static void begin(struct lab *l)
{
    struct rg_link_status s = {
        .core = {.quorum = 2,
                 .authority_count = 2,
                 .place_of = {0, 1},
                 .node_count = 2,
                 .height = l->height,
                 .governance = {.epoch = 3,
                                .current = {.count = 2, .principal = {1, 0}},
                                .motion_count = 1,
                                .motion = {{.id = {{9}},
                                            .yes = 2,
                                            .motion.definition = {.version = 4, .height = 99}}}}},
        .mono_ms = 1};
    const struct rg_link_message start = {.kind = RG_LINK_START, .height = l->height};
    const struct rg_link_message status = {.kind = RG_LINK_STATUS};
    tell(l, &start, (struct rg_bytes){0}, (struct rg_bytes){0});
    tell(l, &status, (struct rg_bytes){(const uint8_t *)&s, sizeof s}, (struct rg_bytes){0});
}

static struct lab *lab_open(void)
{
    struct lab *l = calloc(1, sizeof *l);
    assert_non_null(l);
    assert_int_equal(rg_sign_start(), RG_OK);
    (void)snprintf(l->dir, sizeof l->dir, "/tmp/rg-agency-XXXXXX");
    assert_non_null(mkdtemp(l->dir));
    world_genesis(&l->genesis, 2, yaml, l->node_key, l->member_key);
    /* A second member of the first agency, who may only watch. */
    l->genesis.principal[3].agency = 0;
    l->genesis.principal[3].roles = RG_ROLE_MONITOR;
    char chain[96];
    (void)snprintf(chain, sizeof chain, "%s/chain", l->dir);
    const struct rg_chain_options o = {.dir = chain,
                                       .ledger = l->genesis.ledger_id,
                                       .genesis_time_ms = (int64_t)l->genesis.time_ms,
                                       .map_bytes = 1u << 28};
    assert_int_equal(rg_chain_open(&o, &l->chain), RG_OK);
    assert_int_equal(rg_zap_start(&l->genesis, 0, &l->zap), RG_OK);
    assert_int_equal(rg_arena_init(&l->arena, 4u << 20), RG_OK);
    start_agency(l);
    return l;
}

static void lab_close(struct lab *l)
{
    rg_agency_stop(&l->agency);
    assert_null(l->agency);
    rg_zap_stop(&l->zap);
    rg_chain_close(&l->chain);
    for (int i = 0; i < 2; i++) {
        rg_sign_destroy(&l->node_key[i]);
        rg_sign_destroy(&l->member_key[i]);
    }
    rg_arena_fini(&l->arena);
    free((void *)(uintptr_t)l->record.data);
    world_remove(l->dir);
    free(l);
}

static void play(struct lab *l);

/* Put what was submitted into a block of its own. */
static void finish(struct lab *l, const struct rg_link_message *m)
{
    struct world_parcel p = {.sequence = ++l->sequence};
    world_submission(&l->genesis, l->node_key[0], 0, m->data, m->entry_count, &p);
    const struct rg_link_message taken = {
        .kind = RG_LINK_TAKEN, .token = m->token, .sequence = l->sequence, .hash = p.hash};
    free((void *)(uintptr_t)l->record.data);
    l->record = world_keep(m->extra);
    if (!l->hold) {
        l->height++;
        const struct world_block_of b = {.height = l->height,
                                         .time_ms = l->genesis.time_ms + l->height * 1000,
                                         .parcels = &p,
                                         .count = 1};
        world_append(l->chain, &l->genesis, &b);
    }
    if (l->late && l->height == 2) {
        const struct rg_link_message before = {.kind = RG_LINK_CHAIN, .height = 1};
        tell(l, &before, (struct rg_bytes){0}, (struct rg_bytes){0});
        for (int i = 0; i < 3000 && l->followed < 1; i++) {
            zclock_sleep(10);
            play(l);
        }
    }
    tell(l, &taken, (struct rg_bytes){0}, (struct rg_bytes){0});
    if (!l->hold) {
        const struct rg_link_message final = {.kind = RG_LINK_OWN_FINAL,
                                              .token = m->token,
                                              .sequence = l->sequence,
                                              .height = l->height,
                                              .hash = p.hash};
        const struct rg_link_message chain = {.kind = RG_LINK_CHAIN, .height = l->height};
        tell(l, &final, (struct rg_bytes){0}, (struct rg_bytes){0});
        if (!l->late || l->height > 1) {
            tell(l, &chain, (struct rg_bytes){0}, (struct rg_bytes){0});
        }
    }
    free((void *)(uintptr_t)p.bytes.data);
}

/* Do the ledger thread's part once. */
static void play(struct lab *l)
{
    struct rg_link_message *m = NULL;
    while ((m = rg_link_receive(rg_agency_link(l->agency))) != NULL) {
        if (m->kind == RG_LINK_SUBMIT) {
            finish(l, m);
        } else if (m->kind == RG_LINK_FOLLOWED) {
            l->followed = m->height;
        } else if (m->kind == RG_LINK_STOP) {
            fail_msg("stopped: %.*s", (int)m->data.len, (const char *)m->data.data);
        }
        rg_link_destroy(&m);
    }
}

static zsock_t *connect_as(struct lab *l, const struct rg_sign *key)
{
    char why[RG_SOCKET_WHY_MAX];
    zsock_t *s = NULL;
    const struct rg_socket_config c = {.role = RG_SOCKET_CLIENT_DEALER,
                                       .own = key,
                                       .server = rg_sign_curve_pubkey(l->node_key[0]),
                                       .cluster = true};
    assert_int_equal(rg_socket_new(&c, &s, why), RG_OK);
    assert_int_equal(rg_socket_connect(s, "127.0.0.1", rg_agency_api_port(l->agency)), RG_OK);
    return s;
}

/* Wait for one answer, @ms at most. False: none came. */
static bool await(struct lab *l, zsock_t *s, int ms, struct rg_answer *out)
{
    for (int t = 0; t < ms; t += 5) {
        zmq_pollitem_t items[2] = {
            {.socket = zsock_resolve(s), .events = ZMQ_POLLIN},
            {.socket = zsock_resolve(rg_agency_link(l->agency)), .events = ZMQ_POLLIN}};
        (void)zmq_poll(items, 2, 5);
        play(l);
        const int n =
            zmq_recv(zsock_resolve(s), l->answer_bytes, sizeof l->answer_bytes, ZMQ_DONTWAIT);
        if (n >= 0) {
            rg_arena_reset(&l->arena);
            assert_int_equal(rg_client_codec_decode_answer(
                                 &l->arena, (struct rg_bytes){l->answer_bytes, (size_t)n}, out),
                             RG_OK);
            return true;
        }
    }
    return false;
}

static void send_request(struct lab *l, zsock_t *s, struct rg_request *r,
                         const struct rg_hash *ledger)
{
    struct rg_bytes bytes;
    r->id = ++l->next_request;
    assert_int_equal(rg_client_codec_encode_request(&l->arena, ledger, r, &bytes), RG_OK);
    assert_int_equal(zmq_send(zsock_resolve(s), bytes.data, bytes.len, 0), (int)bytes.len);
}

static void ask(struct lab *l, zsock_t *s, struct rg_request *r, struct rg_answer *out)
{
    rg_arena_reset(&l->arena);
    send_request(l, s, r, &l->genesis.ledger_id);
    assert_true(await(l, s, 5000, out));
    assert_int_equal(out->id, r->id);
}

/* Hand @count events in, numbered from @first. */
static void send_events(struct lab *l, zsock_t *s, uint64_t first, const char *file,
                        const char *step, uint32_t count)
{
    struct world_event e[16];
    struct rg_request r = {.first = first, .wait = true};
    memset(r.stream.b, 3, sizeof r.stream.b);
    assert_true(count <= 16);
    for (uint32_t i = 0; i < count; i++) {
        e[i] = (struct world_event){file, step, (int64_t)i};
    }
    rg_arena_reset(&l->arena);
    world_request(e, count, &l->arena, &r);
    world_sign(&l->genesis, l->member_key[0], 2, &r);
    send_request(l, s, &r, &l->genesis.ledger_id);
}

static void test_a_member_records_and_reads(void **state)
{
    struct lab *l = lab_open();
    struct rg_answer a;
    begin(l);
    zsock_t *s = connect_as(l, l->member_key[0]);
    struct rg_request status = {.kind = RG_REQUEST_STATUS};
    ask(l, s, &status, &a);
    assert_int_equal(a.code, 0);
    assert_true(rg_bytes_eq(a.status.node, rg_bytes_str("node1")));
    assert_int_equal(a.status.authority_count, 2);
    assert_true(a.status.stalled.len > 0); /* node2 was never heard */
    assert_true(a.status.warning.len > 0);
    assert_true(a.status.memory_kib > 0);
    assert_int_equal(a.status.motions, 1);
    struct rg_request motions = {.kind = RG_REQUEST_MOTIONS};
    ask(l, s, &motions, &a);
    assert_true(a.code == 0 && a.motions.epoch == 3 && a.motions.quorum == 2);
    assert_true(a.motions.agency == 0 && a.motions.agency_count == 2 && a.motions.node_count == 2);
    assert_true(rg_bytes_eq(a.motions.nodes[1].name, rg_bytes_str("node2")));
    assert_true(a.motions.current.count == 2 && a.motions.current.principal[0] == 1);
    assert_true(a.motions.motion_count == 1 && a.motions.motions[0].yes == 2);
    /* What is moved in a block that is not in the chain yet: later, and the thread lives on. */
    struct rg_request moved = {.kind = RG_REQUEST_DEFINITION, .has_motion = true, .motion = {{9}}};
    ask(l, s, &moved, &a);
    assert_int_equal(a.code, 75);
    send_events(l, s, 1, "F-1", "doppelt", 3);
    assert_true(await(l, s, 5000, &a));
    assert_int_equal(a.code, 0);
    assert_int_equal(a.submitted.events, 3);
    assert_int_equal(a.submitted.last_height, 1);
    const struct rg_id pseudonym = a.submitted.pseudonym;
    /* The rules follow; their alerts can be asked for. */
    struct rg_request alerts = {.kind = RG_REQUEST_ALERTS, .max = 10};
    bool found = false;
    for (int i = 0; i < 3000 && !found; i++) {
        ask(l, s, &alerts, &a);
        assert_int_equal(a.code, 0);
        for (uint32_t k = 0; k < a.alert_count; k++) {
            const struct rg_bytes e = a.alerts[k].event;
            found = found || memmem(e.data, e.len, "\"R1\"", 4) != NULL;
        }
        zclock_sleep(10);
    }
    assert_true(found);
    struct rg_request file = {.kind = RG_REQUEST_CASE, .file_number = rg_bytes_str("F-1")};
    ask(l, s, &file, &a);
    assert_int_equal(a.code, 0);
    assert_memory_equal(a.case_file.pseudonym.b, pseudonym.b, RG_ID_BYTES);
    assert_int_equal(a.case_file.event_count, 3);
    assert_int_equal(a.case_file.events[2].entry, 2);
    assert_true(rg_bytes_eq(a.case_file.events[0].member, rg_bytes_str("member1")));
    assert_true(a.case_file.alert_count >= 1);
    struct rg_request events = {.kind = RG_REQUEST_EVENTS};
    ask(l, s, &events, &a);
    assert_int_equal(a.code, 0);
    assert_true(a.case_count == 1 && a.next_case == 0 && a.through == 3);
    assert_memory_equal(a.cases[0].pseudonym.b, pseudonym.b, RG_ID_BYTES);
    assert_true(rg_bytes_eq(a.cases[0].file_number, rg_bytes_str("F-1")));
    assert_true(a.cases[0].first == 0 && a.cases[0].event_count == 3);
    assert_true(rg_bytes_eq(a.cases[0].events[0].agency, rg_bytes_str("BAMF")));
    /* From the middle of a case, and without what came later. */
    events = (struct rg_request){
        .kind = RG_REQUEST_EVENTS, .from_case = 1, .from_event = 1, .through = 2};
    ask(l, s, &events, &a);
    assert_true(a.case_count == 1 && a.next_case == 0 && a.through == 2);
    assert_true(a.cases[0].first == 1 && a.cases[0].event_count == 1);
    assert_int_equal(a.cases[0].events[0].entry, 1);
    events = (struct rg_request){.kind = RG_REQUEST_EVENTS, .from_case = 2, .through = 9};
    ask(l, s, &events, &a);
    assert_true(a.code == 0 && a.case_count == 0 && a.next_case == 0 && a.through == 3);
    struct rg_request unknown = {.kind = RG_REQUEST_CASE, .file_number = rg_bytes_str("F-2")};
    ask(l, s, &unknown, &a);
    assert_int_equal(a.code, 1);
    struct rg_request definition = {.kind = RG_REQUEST_DEFINITION};
    ask(l, s, &definition, &a);
    assert_int_equal(a.version, 3);
    assert_true(rg_bytes_eq(a.process, rg_bytes_str("probe")));
    struct rg_request conformance = {.kind = RG_REQUEST_CONFORMANCE, .as_of_ms = -1};
    ask(l, s, &conformance, &a);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.page_token, 0);
    assert_non_null(memmem(a.page_data.data, a.page_data.len, "\"cases\":1", 9));
    conformance.by = 2;
    ask(l, s, &conformance, &a);
    assert_non_null(memmem(a.page_data.data, a.page_data.len, "\"month\":", 8));
    conformance.by = 4;
    ask(l, s, &conformance, &a);
    assert_true(a.code == 65 && memmem(a.error.data, a.error.len, "site and month", 14) != NULL);
    assert_int_equal(l->followed, 1);
    zsock_destroy(&s);
    lab_close(l);
    (void)state;
}

static void test_who_may_not_is_told_so(void **state)
{
    struct lab *l = lab_open();
    struct rg_answer a;
    begin(l);
    zsock_t *s = connect_as(l, l->member_key[0]);
    struct rg_request r = {.kind = RG_REQUEST_STATUS};
    struct rg_hash other = l->genesis.ledger_id;
    other.b[0] ^= 1;
    rg_arena_reset(&l->arena);
    send_request(l, s, &r, &other);
    assert_true(await(l, s, 5000, &a));
    assert_int_equal(a.code, 77);
    assert_non_null(memmem(a.error.data, a.error.len, "another", 7));
    /* Garbage, and a message of too many frames, change nothing. */
    assert_int_equal(zmq_send(zsock_resolve(s), "garbage", 7, 0), 7);
    assert_true(await(l, s, 5000, &a));
    assert_int_equal(a.code, 65);
    assert_int_equal(zmq_send(zsock_resolve(s), "one", 3, ZMQ_SNDMORE), 3);
    assert_int_equal(zmq_send(zsock_resolve(s), "two", 3, 0), 3);
    assert_false(await(l, s, 200, &a));
    ask(l, s, &r, &a);
    assert_int_equal(a.code, 0);
    /* The second member may watch, not record and not use hooks. */
    zsock_t *watcher = connect_as(l, l->member_key[1]);
    struct rg_request alerts = {.kind = RG_REQUEST_ALERTS};
    ask(l, watcher, &alerts, &a);
    assert_int_equal(a.code, 0);
    struct rg_request file = {.kind = RG_REQUEST_CASE, .file_number = rg_bytes_str("F-1")};
    ask(l, watcher, &file, &a);
    assert_int_equal(a.code, 77);
    struct rg_request ballot = {.kind = RG_REQUEST_BALLOT, .entry = rg_bytes_str("x")};
    ask(l, watcher, &ballot, &a);
    assert_int_equal(a.code, 77);
    ask(l, s, &ballot, &a);
    assert_int_equal(a.code, 65);
    struct rg_request all = {.kind = RG_REQUEST_EVENTS};
    ask(l, watcher, &all, &a);
    assert_int_equal(a.code, 77);
    struct rg_request hook = {.kind = RG_REQUEST_TEST_HOOK, .name = rg_bytes_str("kill-zap")};
    ask(l, watcher, &hook, &a);
    assert_int_equal(a.code, 77);
    /* A node's key is no member's: the connection is refused. */
    zsock_t *stranger = connect_as(l, l->node_key[1]);
    rg_arena_reset(&l->arena);
    struct rg_request again = {.kind = RG_REQUEST_STATUS};
    struct rg_bytes bytes;
    assert_int_equal(
        rg_client_codec_encode_request(&l->arena, &l->genesis.ledger_id, &again, &bytes), RG_OK);
    (void)zmq_send(zsock_resolve(stranger), bytes.data, bytes.len, ZMQ_DONTWAIT);
    assert_false(await(l, stranger, 400, &a));
    zsock_destroy(&s);
    zsock_destroy(&watcher);
    zsock_destroy(&stranger);
    lab_close(l);
    (void)state;
}

static void test_what_was_taken_survives_the_thread(void **state)
{
    struct lab *l = lab_open();
    struct rg_answer a;
    begin(l);
    zsock_t *s = connect_as(l, l->member_key[0]);
    send_events(l, s, 1, "F-1", "eins", 2);
    assert_true(await(l, s, 5000, &a));
    assert_int_equal(a.code, 0);
    l->hold = true;
    send_events(l, s, 3, "F-9", "zwei", 1);
    assert_false(await(l, s, 300, &a)); /* taken, never final */
    assert_int_equal(l->sequence, 2);
    rg_agency_stop(&l->agency);
    zsock_destroy(&s);
    /* The journal brings it back: its case is known, its numbers are taken. */
    start_agency(l);
    const struct rg_link_message own = {.kind = RG_LINK_OWN_RECORD, .sequence = 2};
    tell(l, &own, (struct rg_bytes){0}, l->record);
    begin(l);
    s = connect_as(l, l->member_key[0]);
    struct rg_request file = {.kind = RG_REQUEST_CASE, .file_number = rg_bytes_str("F-9")};
    ask(l, s, &file, &a);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.case_file.event_count, 0);
    struct rg_request first = {.kind = RG_REQUEST_CASE, .file_number = rg_bytes_str("F-1")};
    ask(l, s, &first, &a);
    assert_int_equal(a.case_file.event_count, 2);
    send_events(l, s, 3, "F-9", "zwei", 1);
    assert_false(await(l, s, 300, &a)); /* known, and not final */
    assert_int_equal(l->sequence, 2);   /* nothing was submitted again */
    zsock_destroy(&s);
    lab_close(l);
    (void)state;
}

static void test_a_block_waits_until_its_submission_is_told(void **state)
{
    struct lab *l = lab_open();
    struct rg_answer a;
    l->late = true;
    begin(l);
    zsock_t *s = connect_as(l, l->member_key[0]);
    send_events(l, s, 1, "F-1", "eins", 1);
    assert_true(await(l, s, 5000, &a));
    assert_int_equal(a.code, 0);
    send_events(l, s, 2, "F-2", "eins", 1);
    assert_true(await(l, s, 9000, &a));
    assert_int_equal(a.code, 0);
    for (int i = 0; i < 3000 && l->followed < 2; i++) {
        zclock_sleep(10);
        play(l);
    }
    assert_int_equal(l->followed, 2);
    struct rg_request file = {.kind = RG_REQUEST_CASE, .file_number = rg_bytes_str("F-2")};
    ask(l, s, &file, &a);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.case_file.event_count, 1);
    struct rg_request status = {.kind = RG_REQUEST_STATUS};
    ask(l, s, &status, &a);
    assert_int_equal(a.status.rules_parked, 0);
    zsock_destroy(&s);
    lab_close(l);
    (void)state;
}

static void test_a_foreign_journal_stops_the_thread(void **state)
{
    struct lab *l = lab_open();
    static const uint8_t junk[100] = {1, 2, 3};
    const struct rg_link_message own = {.kind = RG_LINK_OWN_RECORD, .sequence = 2};
    tell(l, &own, (struct rg_bytes){0}, (struct rg_bytes){junk, sizeof junk});
    struct rg_link_message *m = NULL;
    for (int i = 0; i < 3000 && m == NULL; i++) {
        zclock_sleep(10);
        m = rg_link_receive(rg_agency_link(l->agency));
    }
    assert_non_null(m);
    assert_int_equal(m->kind, RG_LINK_STOP);
    assert_int_equal(m->result, 70);
    assert_true(m->data.len > 0);
    rg_link_destroy(&m);
    lab_close(l);
    (void)state;
}

static void test_without_a_handler_nobody_comes_in(void **state)
{
    struct lab *l = lab_open();
    struct rg_answer a;
    begin(l);
    zsock_t *s = connect_as(l, l->member_key[0]);
    struct rg_request hook = {.kind = RG_REQUEST_TEST_HOOK, .name = rg_bytes_str("unknown")};
    ask(l, s, &hook, &a);
    assert_int_equal(a.code, 65);
    hook.name = rg_bytes_str("kill-zap");
    ask(l, s, &hook, &a);
    assert_int_equal(a.code, 0);
    for (int i = 0; i < 1500 && rg_zap_check(l->zap); i++) {
        zclock_sleep(20);
    }
    assert_false(rg_zap_is_alive(l->zap));
    zsock_t *late = connect_as(l, l->member_key[0]);
    rg_arena_reset(&l->arena);
    struct rg_request r = {.kind = RG_REQUEST_STATUS};
    struct rg_bytes bytes;
    assert_int_equal(rg_client_codec_encode_request(&l->arena, &l->genesis.ledger_id, &r, &bytes),
                     RG_OK);
    (void)zmq_send(zsock_resolve(late), bytes.data, bytes.len, ZMQ_DONTWAIT);
    assert_false(await(l, late, 600, &a));
    zsock_destroy(&late);
    zsock_destroy(&s);
    lab_close(l);
    (void)state;
}

static void test_a_stall_names_who_and_what(void **state)
{
    static struct rg_genesis g;
    struct rg_sign *node_key[4];
    struct rg_sign *member_key[4];
    struct rg_link_status s = {
        .core = {.quorum = 3, .authority_count = 4, .place_of = {0, 1, 2, 3}, .node_count = 4}};
    char text[512];
    assert_int_equal(rg_sign_start(), RG_OK);
    world_genesis(&g, 4, yaml, node_key, member_key);
    for (int i = 1; i < 4; i++) {
        s.core.peer[i].heard_ever = true;
        s.core.peer[i].heard_mono_ms = 100000;
    }
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_string_equal(text, "");
    s.core.peer[3].heard_mono_ms = 80000; /* one of four: goes on */
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_string_equal(text, "");
    s.core.peer[2].heard_ever = false;
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_non_null(strstr(text, "2 of 4 authorities are heard and 3 must agree"));
    assert_non_null(strstr(text, "node3 of AG3 since this node's start"));
    assert_non_null(strstr(text, "node4 of AG4 for 21 s"));
    s.core.peer[2].heard_ever = true;
    s.core.demand_since_mono_ms = 101000 - 3 * g.parameters.view_timeout_ms;
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_string_equal(text, "");
    rg_api_stalled(&g, 0, &s, 101001, text, sizeof text);
    assert_non_null(strstr(text, "waited for finality"));
    /* While something waits, three missed statuses say why; without demand they say nothing. */
    s.core.peer[2].heard_mono_ms = 101000 - 3 * g.parameters.status_ms - 1;
    s.core.demand_since_mono_ms = 101000 - g.parameters.view_timeout_ms;
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_non_null(strstr(text, "2 of 4 authorities are heard and 3 must agree"));
    assert_non_null(strstr(text, "node3 of AG3 for 3 s"));
    s.core.demand_since_mono_ms++;
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_string_equal(text, "");
    s.core.demand_since_mono_ms = 0;
    rg_api_stalled(&g, 0, &s, 101000, text, sizeof text);
    assert_string_equal(text, "");
    assert_string_equal(rg_api_warning(4), "");
    assert_non_null(strstr(rg_api_warning(2), "either"));
    for (int i = 0; i < 4; i++) {
        rg_sign_destroy(&node_key[i]);
        rg_sign_destroy(&member_key[i]);
    }
    (void)state;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_member_records_and_reads),
        cmocka_unit_test(test_who_may_not_is_told_so),
        cmocka_unit_test(test_what_was_taken_survives_the_thread),
        cmocka_unit_test(test_a_block_waits_until_its_submission_is_told),
        cmocka_unit_test(test_a_foreign_journal_stops_the_thread),
        cmocka_unit_test(test_without_a_handler_nobody_comes_in),
        cmocka_unit_test(test_a_stall_names_who_and_what),
    };
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s PROGRAM\n", argv[0]);
        return 64;
    }
    rules_program = argv[1];
    (void)zsys_init();
    zsys_handler_set(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
