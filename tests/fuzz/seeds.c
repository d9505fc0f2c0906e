/* Writes valid examples of every format below the folder given: the seeds of the fuzz targets. */
#include "base/bytes.h"
#include "consensus/cert.h"
#include "consensus/vote.h"
#include "ledger/state.h"
#include "proto/client_codec.h"
#include "proto/genesis_codec.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"
#include "rules/host.h"
#include "tests/fuzz/fuzz_host.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_arena arena;
static const char *root;
static unsigned written;

static void put(const char *target, struct rg_bytes bytes)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", root, target);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/seed-%03u", root, target, written);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes.data, 1, bytes.len, f) != bytes.len || fclose(f) != 0) {
        (void)fprintf(stderr, "cannot write %s\n", path);
        exit(73);
    }
    written++;
}

static void peers(void)
{
    struct rg_bytes list[2] = {rg_bytes_str("one"), rg_bytes_str("two")};
    struct rg_peer_case_key key = {.readers = 5, .opener = 1, .key = {9}};
    struct rg_hash commitments[2] = {{{1}}, {{2}}};
    struct rg_peer_status status = {.number = 1, .view = 4};
    struct rg_hash digest;
    for (enum rg_peer_kind k = RG_PEER_PROPOSE; k <= RG_PEER_ALERT_DIGESTS; k++) {
        struct rg_peer_message m = {.kind = k,
                                    .bytes = rg_bytes_str("x"),
                                    .count = 2,
                                    .list = list,
                                    .from = 1,
                                    .to = 3,
                                    .key_count = k == RG_PEER_KEYS ? 1 : 2,
                                    .keys = &key,
                                    .commitments = commitments,
                                    .number = 1};
        struct rg_bytes out;
        if (k == RG_PEER_STATUS && rg_peer_codec_encode_status(&arena, &ledger, &status,
                                                               &m.status_bytes, &digest) != RG_OK) {
            exit(70);
        }
        if (rg_peer_codec_encode(&arena, &ledger, &m, &out) == RG_OK) {
            put("peer", out);
        }
    }
}

static void clients(void)
{
    struct rg_bytes list[2] = {rg_bytes_str("one"), rg_bytes_str("two")};
    for (enum rg_request_kind k = RG_REQUEST_SUBMIT; k <= RG_REQUEST_MOTIONS; k++) {
        struct rg_request r = {.kind = k,
                               .first = 1,
                               .count = 2,
                               .events = list,
                               .cases = list,
                               .file_number = list[0],
                               .name = list[1],
                               .token = 1,
                               .as_of_ms = -1,
                               .by = 3,
                               .rules = list[0],
                               .entry = list[0]};
        struct rg_bytes out;
        if (rg_client_codec_encode_request(&arena, &ledger, &r, &out) == RG_OK) {
            put("request", out);
        }
    }
    struct rg_answer_authority authority = {.name = list[0], .agency = list[1]};
    struct rg_answer_case_event event = {.event = list[0], .agency = list[1], .member = list[0]};
    struct rg_answer_duty duty = {.rule = list[0], .step = list[1], .by_count = 1, .by = {list[0]}};
    struct rg_answer_case_events cased = {
        .file_number = list[0], .event_count = 1, .events = &event};
    struct rg_answer_alert alert = {.logseq = 1, .topic = list[0], .event = list[1]};
    struct rg_answer_node node = {.principal = 1, .name = list[0], .agency = list[1]};
    struct rg_open_motion motion = {.motion = {.set = {.count = 1, .principal = {1}}}, .yes = 1};
    for (enum rg_answer_kind k = RG_ANSWER_NONE; k <= RG_ANSWER_MOTIONS; k++) {
        struct rg_answer a = {.kind = k,
                              .status = {.authority_count = 1, .authorities = &authority},
                              .case_file = {.event_count = 1,
                                            .events = &event,
                                            .duty_count = 1,
                                            .duties = &duty,
                                            .alert_count = 1,
                                            .alerts = list},
                              .alert_count = 1,
                              .alerts = &alert,
                              .page_data = list[0],
                              .case_count = 1,
                              .cases = &cased,
                              .motions = {.agency_count = 2,
                                          .agencies = list,
                                          .node_count = 1,
                                          .nodes = &node,
                                          .current = {.count = 1, .principal = {1}},
                                          .motion_count = 1,
                                          .motions = &motion}};
        struct rg_bytes out;
        if (rg_client_codec_encode_answer(&arena, &a, &out) == RG_OK) {
            put("answer", out);
        }
    }
}

static void ledgers(void)
{
    struct rg_event e = {.step = rg_bytes_str("step"),
                         .occurred_ms = 5,
                         .field_count = 1,
                         .fields = {{rg_bytes_str("a"), rg_bytes_str("b")}}};
    struct rg_entry entry = {
        .kind = 1, .readers = 3, .schema = 1, .opens = true, .sealed = rg_bytes_str("sealed")};
    struct rg_submission s = {.signer = 0, .sequence = 1, .entry_count = 1, .ledger = ledger};
    struct rg_header h = {.ledger = ledger, .view = 1, .height = 1, .submission_count = 1};
    struct rg_bytes out;
    struct rg_bytes bytes;
    struct rg_bytes head;
    struct rg_hash hash;
    const struct rg_sig sig = {{1}};
    bool good = rg_ledger_codec_encode_event(&arena, &e, &out) == RG_OK;
    struct rg_case_body body = {.first = 1, .count = 1, .event = out, .path_count = 1};
    good = good && rg_ledger_codec_encode_body(&arena, &body, &bytes) == RG_OK;
    put("ledger", out);
    good = good && rg_ledger_codec_encode_body(&arena, &body, &bytes) == RG_OK;
    put("ledger", bytes);
    good = good && rg_ledger_codec_encode_entry(&arena, &entry, &out) == RG_OK &&
           rg_ledger_codec_encode_head(&arena, &s, &head, &hash) == RG_OK &&
           rg_ledger_codec_encode_submission(&arena, head, &sig, &out, 1, &bytes) == RG_OK &&
           rg_ledger_codec_encode_block(&arena, &h, &bytes, &hash, &out) == RG_OK;
    if (!good) {
        exit(70);
    }
    put("ledger", out);
    static struct rg_state state;
    static uint8_t state_bytes[RG_STATE_BYTES_MAX];
    put("ledger", (struct rg_bytes){state_bytes, rg_state_encode(&state, state_bytes)});
}

/* A process definition that is moved, and a state with one that is moved and one that is carried.
 */
static void publications(void)
{
    static struct rg_state state;
    static uint8_t state_bytes[RG_STATE_BYTES_MAX];
    struct rg_ballot b = {.approve = true, .text = rg_bytes_str("process: p\nversion: 2\n")};
    struct rg_governance *v = &state.governance;
    struct rg_bytes motion;
    struct rg_bytes entry;
    b.motion.definition.version = 2;
    if (rg_ledger_codec_encode_publication(&arena, &ledger, &b, &(struct rg_id){{1}}, &motion) !=
            RG_OK ||
        rg_ledger_codec_encode_ballot(&arena, &b, motion, &entry) != RG_OK) {
        exit(70);
    }
    put("ledger", entry);
    v->epoch = RG_EPOCH_FIRST;
    v->current.count = 1;
    v->published_count = 1;
    v->published[0] = (struct rg_published){.version = 2, .height = 3, .from = 9};
    v->motion_count = 1;
    v->motion[0].motion.definition = (struct rg_published){.version = 4, .height = 5};
    put("ledger", (struct rg_bytes){state_bytes, rg_state_encode(&state, state_bytes)});
}

static void genesis(void)
{
    static struct rg_genesis g = {.name = "test",
                                  .time_ms = 1,
                                  .agency_count = 1,
                                  .principal_count = 1,
                                  .authority_count = 1,
                                  .definition_len = 3,
                                  .definition = "a: ",
                                  .agency = {{.name = "A", .class = 1}},
                                  .principal = {{.name = "n", .roles = RG_ROLE_NODE}}};
    struct rg_hash id;
    struct rg_bytes out;
    rg_genesis_default_parameters(&g.parameters);
    if (rg_genesis_codec_encode(&arena, &g, &id, &out) != RG_OK) {
        exit(70);
    }
    put("genesis", out);
}

static void consensus(void)
{
    static uint8_t bytes[RG_CERT_MAX];
    const struct rg_sig sigs[3] = {{{1}}, {{2}}, {{3}}};
    struct rg_vote v = {.kind = RG_VOTE_NOTARIZE, .epoch = 1, .cand = {.view = 4, .pview = 3}};
    struct rg_cert c = {.kind = RG_VOTE_NOTARIZE,
                        .n = 4,
                        .count = 3,
                        .epoch = 1,
                        .signers = 7,
                        .cand = {.view = 4, .pview = 3},
                        .sigs = sigs};
    size_t len = 0;
    rg_vote_encode(&v, bytes);
    put("consensus", (struct rg_bytes){bytes, RG_VOTE_BYTES});
    if (rg_cert_encode(&c, bytes, sizeof bytes, &len) != RG_OK) {
        exit(70);
    }
    put("consensus", (struct rg_bytes){bytes, len});
}

/* Operations for the core, as in fuzz_core.c: no records, then what was written for other targets.
 */
static void operate(uint8_t what, uint8_t detail, struct rg_bytes b)
{
    static uint8_t bytes[65536];
    struct rg_writer w = rg_bytes_writer(bytes, sizeof bytes);
    rg_bytes_put_u8(&w, 0);
    for (unsigned i = 0; i < 2; i++) {
        rg_bytes_put_u8(&w, what);
        rg_bytes_put_u8(&w, detail);
        rg_bytes_put_u16(&w, (uint16_t)b.len);
        rg_bytes_put(&w, b.data, b.len);
        what = 6; /* then time passes */
        detail = 30;
        b.len = 0;
    }
    put("core", (struct rg_bytes){bytes, w.len});
}

static void core(void)
{
    static uint8_t bytes[RG_CERT_MAX];
    struct rg_vote v = {
        .kind = RG_VOTE_NOTARIZE, .signer = 3, .epoch = 0, .cand = {.view = 4, .pview = 0}};
    struct rg_entry entry = {
        .kind = 1, .readers = 3, .schema = 1, .opens = true, .sealed = rg_bytes_str("sealed")};
    struct rg_submission s = {.signer = 3, .sequence = 1, .entry_count = 1, .ledger = ledger};
    const struct rg_sig sig = {{1}};
    struct rg_bytes out;
    struct rg_bytes head;
    struct rg_bytes sub;
    struct rg_hash hash;
    rg_vote_encode(&v, bytes);
    operate(1, 2, (struct rg_bytes){bytes, RG_VOTE_BYTES});
    operate(5, 2, (struct rg_bytes){bytes, RG_VOTE_BYTES});
    if (rg_ledger_codec_encode_entry(&arena, &entry, &out) != RG_OK) {
        exit(70);
    }
    operate(7, 1, out);
    rg_submission_root(&out, 1, &s.entries_root);
    if (rg_ledger_codec_encode_head(&arena, &s, &head, &hash) != RG_OK ||
        rg_ledger_codec_encode_submission(&arena, head, &sig, &out, 1, &sub) != RG_OK) {
        exit(70);
    }
    operate(3, 2, sub);
}

/* A message after the byte that tells fuzz_hostmsg.c what it is: 0 a message, 1 cases of a batch.
 */
static void message(uint8_t what, struct rg_bytes b)
{
    static uint8_t bytes[65536];
    struct rg_writer w = rg_bytes_writer(bytes, sizeof bytes);
    rg_bytes_put_u8(&w, what);
    rg_bytes_put(&w, b.data, b.len);
    put("hostmsg", (struct rg_bytes){bytes, w.len});
}

/* A batch of one case with that state: each step with fields, a day later, then what else a node
 * asks. */
static void batch(struct rg_hostmsg_buf *b, unsigned flags, struct rg_bytes state)
{
    static const char *const steps[] = {"a", "c", "b", "d", "a", "b"};
    const struct rg_hostmsg_case c = {.case_no = 1, .flags = (uint8_t)flags, .state = state};
    rg_hostmsg_batch_begin(b, 1);
    const size_t head = b->len;
    rg_hostmsg_case_begin(b, &c);
    struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                               .time_ms = 1000000000000,
                               .occurred_ms = 1000000000000,
                               .agency = rg_bytes_str("X"),
                               .fields = {{rg_bytes_str("resource"), rg_bytes_str("2001-09-09")},
                                          {rg_bytes_str("group"), rg_bytes_str("1")}},
                               .field_count = 2};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        op.step = rg_bytes_str(steps[i]);
        rg_hostmsg_put_op(b, &op);
        op.time_ms += 86400000;
        op.occurred_ms += 3600000;
    }
    /* The end of a conformance run leaves no state. */
    const unsigned last = flags == 0 || state.len > 0 ? RG_HOSTMSG_OP_FINISH : RG_HOSTMSG_OP_NEXT;
    for (unsigned kind = RG_HOSTMSG_OP_TICK; kind <= last; kind++) {
        op.kind = kind;
        rg_hostmsg_put_op(b, &op);
    }
    rg_hostmsg_case_end(b);
    rg_hostmsg_batch_end(b);
    message(1, (struct rg_bytes){b->data + head, b->len - head});
}

/* Messages to the rules host, its answers, and the states that it wrote. */
static void rules(void)
{
    struct rg_host *host = NULL;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    uint64_t no = 0;
    struct rg_hostmsg_answer a = {0};
    rg_hostmsg_buf_init(&in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&out, RG_HOSTMSG_RESULT_MAX);
    /* A small definition to open: fuzz_definition.c looks into those. */
    rg_hostmsg_put_open(&in, rg_bytes_str("process: f\nversion: 1\nsteps: any\nrules: []\n"));
    message(0, (struct rg_bytes){in.data, in.len});
    rg_hostmsg_put_open(&in, rg_bytes_str(definition));
    bool good = rg_host_create(NULL, &host) == RG_OK;
    /* A new live case, that case going on, conformance, that going on: each answer gives the state
     * for the next. */
    for (unsigned i = 0; good && i < 5; i++) {
        good = rg_host_handle(host, (struct rg_bytes){in.data, in.len}, &out) == RG_OK;
        message(0, (struct rg_bytes){out.data, out.len});
        struct rg_reader r = rg_hostmsg_result((struct rg_bytes){out.data, out.len}, &no);
        const bool more = i % 2 == 1 && rg_hostmsg_next_answer(&r, &a);
        batch(&in, i < 2 ? 0 : RG_HOSTMSG_FULL, more ? a.state : (struct rg_bytes){0});
    }
    rg_hostmsg_buf_free(&in);
    rg_hostmsg_buf_free(&out);
    rg_host_destroy(&host);
    if (!good) {
        exit(70);
    }
}

/* Files of text, and the plain text of a case entry. */
static void files(void)
{
    static uint8_t plain[256] = {1};
    struct rg_bytes bytes;
    const struct rg_case_body body = {
        .first = 1, .count = 1, .member = 1, .event = rg_bytes_str("event")};
    put("csv", rg_bytes_str("0case_id,activity,timestamp,resource,due,noise\n"
                            "c1,a,2011-10-11T13:45:40+02:00,r1,2011-10-12,x\n"
                            "\"c,2\",b,2011-10-11 13:45:40,\"r\"\"2\",,\n"));
    put("xes",
        rg_bytes_str("0<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n"
                     "<log xes.version=\"1849.2016\" xmlns=\"http://www.xes-standard.org/\">\n"
                     "<extension name=\"Concept\" prefix=\"concept\" uri=\"u\"/>\n"
                     "<global scope=\"trace\"><string key=\"concept:name\" value=\"\"/></global>\n"
                     "<classifier name=\"Activity\" keys=\"concept:name\"/>\n"
                     "<trace><string key=\"concept:name\" value=\"c1\"/>"
                     "<event><string key=\"concept:name\" value=\"a\"/>"
                     "<date key=\"time:timestamp\" value=\"2011-10-11T13:45:40+02:00\"/>"
                     "<string key=\"org:resource\" value=\"&lt;r&#49;\"/>"
                     "<date key=\"due\" value=\"2011-10-12\"><int key=\"n\" value=\"1\"/></date>"
                     "<string key=\"noise\" value=\"x\"/></event></trace>\n</log>\n"));
    put("xes",
        rg_bytes_str("1<!DOCTYPE log [<!ENTITY e \"e\">]><log><trace><event/></trace></log>"));
    put("xes", rg_bytes_str("0<log><trace><string key=\"concept:name\" value=\"c\"/><event>"
                            "<list key=\"l\"><values/></list>"
                            "<string key=\"concept:name\" value=\"a\"/>"
                            "<string key=\"concept:instance\" value=\"i\"/>"
                            "<date key=\"time:timestamp\" value=\"2011-10-11\"/>"
                            "</event></trace></log>"));
    put("config",
        rg_bytes_str("ledger: anker\nprincipal: node1\ngenesis: 97\nkey: node.key\ndata: data\n"
                     "cluster: true\nrelay: false\nrules: /opt/reigen-rules\n"
                     "listen: {host: 127.0.0.1, votes: 1, bulk: 2, sync: 3, api: 4, events: 5}\n"
                     "peers:\n  - {principal: node2, host: a.b, votes: 1, bulk: 2, sync: 3}\n"));
    if (rg_ledger_codec_encode_body(&arena, &body, &bytes) != RG_OK) {
        exit(70);
    }
    struct rg_writer w = rg_bytes_writer(plain + 1, sizeof plain - 1);
    rg_bytes_put_sized(&w, bytes);
    put("casebook", (struct rg_bytes){plain, 1 + w.len});
}

int main(int argc, char **argv)
{
    if (argc != 2 || rg_arena_init(&arena, RG_PEER_CODEC_ARENA) != RG_OK) {
        (void)fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 64;
    }
    root = argv[1];
    (void)mkdir(root, 0755);
    peers();
    clients();
    ledgers();
    publications();
    genesis();
    consensus();
    core();
    rules();
    files();
    rg_arena_fini(&arena);
    printf("%u seeds\n", written);
    return 0;
}
