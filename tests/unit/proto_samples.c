#include "proto_samples.h"

#include "base/bytes.h"
#include "crypto/hash.h"

const struct rg_hash sample_ledger = {{7, 7, 7}};

static struct rg_bytes list[2];
static struct rg_hash commitments[2] = {{{1, 1}}, {{2, 2}}};
static struct rg_peer_case_key keys[2] = {
    {.commitment = {{3}}, .key = {4}, .pseudonym = {{5}}, .readers = 6, .opener = 7},
    {.commitment = {{8}}, .key = {9}, .pseudonym = {{10}}, .readers = 11, .opener = 12}};

static void fill_list(void)
{
    list[0] = rg_bytes_str("one");
    list[1] = rg_bytes_str("zwei \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

/* The message with its status bytes, which borrow from @arena. */
static rg_err peer_with_status(struct rg_arena *arena, struct rg_peer_message *m)
{
    struct rg_hash digest;
    return rg_peer_codec_encode_status(arena, &sample_ledger, &m->status, &m->status_bytes,
                                       &digest);
}

static struct rg_echo echoes[2] = {{.authority = 2, .instance = {{38}}, .seen = 5},
                                   {.authority = 3, .instance = {{40}}, .seen = 39, .again = true}};

void sample_peer(enum rg_peer_kind kind, struct rg_peer_message *out)
{
    fill_list();
    *out = (struct rg_peer_message){.kind = kind,
                                    .bytes = rg_bytes_str("bytes"),
                                    .block = rg_bytes_str("block"),
                                    .count = 2,
                                    .list = list,
                                    .epoch = 21,
                                    .from = 22,
                                    .to = 23,
                                    .max_bytes = 24,
                                    .hash = {{25}},
                                    .status = {.authority = 26,
                                               .epoch = 27,
                                               .view = 28,
                                               .final_view = 29,
                                               .height = 30,
                                               .hash = {{31}},
                                               .min_height = 32,
                                               .wall_ms = 33,
                                               .number = 34,
                                               .instance = {{35}},
                                               .first = {{41}},
                                               .asks = true,
                                               .echo_count = 2,
                                               .echoes = echoes},
                                    .signature = {{36}},
                                    .number = 37,
                                    .key_count = 2,
                                    .keys = keys,
                                    .commitments = commitments};
}

void sample_request(enum rg_request_kind kind, struct rg_request *out)
{
    fill_list();
    *out = (struct rg_request){.kind = kind,
                               .id = 41,
                               .stream = {{42}},
                               .first = 43,
                               .count = 2,
                               .events = list,
                               .cases = list,
                               .signature = {{44}},
                               .wait = true,
                               .has_link = true,
                               .link = {{45}},
                               .has_pseudonym = kind != RG_REQUEST_CASE,
                               .pseudonym = {{46}},
                               .file_number = list[1],
                               .since = 47,
                               .max = 48,
                               .severity = rg_bytes_str("warning"),
                               .has_alert = true,
                               .alert = {{56}},
                               .unacknowledged = true,
                               .rules = rg_bytes_str("process: x\n"),
                               .as_of_ms = 49,
                               .by = 3,
                               .name = rg_bytes_str("name"),
                               .acknowledge = 50,
                               .token = 51,
                               .page = 52,
                               .from_case = 53,
                               .from_event = 54,
                               .through = 55,
                               .after = 57,
                               .entry = rg_bytes_str("entry")};
}

static void fill_status(struct rg_answer_status *out)
{
    static struct rg_answer_authority authorities[2];
    for (unsigned i = 0; i < 2; i++) {
        authorities[i] = (struct rg_answer_authority){.name = list[i],
                                                      .agency = rg_bytes_str("LDS-SN"),
                                                      .live = i == 1,
                                                      .missed_turns = 61 + i,
                                                      .clock_offset_ms = -63 - (int64_t)i,
                                                      .height = 65 + i,
                                                      .silent_ms = 67 + i,
                                                      .cut = i == 1};
    }
    *out = (struct rg_answer_status){.ledger = rg_bytes_str("ledger"),
                                     .ledger_id = {{70}},
                                     .node = rg_bytes_str("node1"),
                                     .agency = rg_bytes_str("BAMF"),
                                     .height = 71,
                                     .hash = {{72}},
                                     .digest = {{73}},
                                     .epoch = 74,
                                     .view = 75,
                                     .lag_ms = 76,
                                     .rules_height = 77,
                                     .rules_parked = 78,
                                     .bus_frames = 79,
                                     .bus_refused = 80,
                                     .authority_count = 2,
                                     .authorities = authorities,
                                     .quorum = 81,
                                     .stalled = rg_bytes_str("node 2 is missing"),
                                     .warning = rg_bytes_str("two nodes"),
                                     .mempool = 82,
                                     .time_ms = 83,
                                     .pid = 84,
                                     .memory_kib = 85,
                                     .cpu_ms = 86,
                                     .keys_unacknowledged = 87,
                                     .alerts_logseq = 88,
                                     .mute = true,
                                     .motions = 89,
                                     .rules_compared = 140,
                                     .differ_count = 2,
                                     .differ = list};
}

static void fill_motions(struct rg_answer_motions *out)
{
    static struct rg_answer_node nodes[2];
    static struct rg_open_motion motions[2];
    for (unsigned i = 0; i < 2; i++) {
        nodes[i] = (struct rg_answer_node){
            .principal = 181 + i, .name = list[i], .agency = rg_bytes_str("BAMF")};
        motions[i] = (struct rg_open_motion){
            .id = {{(uint8_t)(183 + i)}},
            .motion = {.expires_ms = 185 + i,
                       .set = {.count = 2, .principal = {(uint16_t)(187 + i), 189}}},
            .yes = 190 + i,
            .no = 192 + i};
    }
    *out = (struct rg_answer_motions){.height = 194,
                                      .time_ms = 195,
                                      .epoch = 196,
                                      .quorum = 197,
                                      .agency = 1,
                                      .admin_key = {{198}},
                                      .agency_count = 2,
                                      .agencies = list,
                                      .node_count = 2,
                                      .nodes = nodes,
                                      .current = {.count = 2, .principal = {199, 200}},
                                      .next = {.count = 1, .principal = {201}},
                                      .motion_count = 2,
                                      .motions = motions};
}

static void fill_case(struct rg_answer_case *out)
{
    static struct rg_answer_case_event events[2];
    static struct rg_answer_duty duties[2];
    static struct rg_answer_rule rules[2];
    for (unsigned i = 0; i < 2; i++) {
        events[i] = (struct rg_answer_case_event){.height = 91 + i,
                                                  .submission = 93 + i,
                                                  .entry = 95 + i,
                                                  .event = list[i],
                                                  .agency = rg_bytes_str("BAMF"),
                                                  .member = rg_bytes_str("member1"),
                                                  .recorded_ms = 97 + i,
                                                  .standing = RG_STANDING_CORRECTED,
                                                  .by_height = 201,
                                                  .by_submission = 202,
                                                  .by_entry = 203};
        duties[i] = (struct rg_answer_duty){.rule = rg_bytes_str("R02"),
                                            .step = list[i],
                                            .by_count = 2,
                                            .by = {rg_bytes_str("a"), rg_bytes_str("b")},
                                            .due_ms = 99 + i,
                                            .label_de = rg_bytes_str("Pr\xc3\xbc"
                                                                     "fung"),
                                            .label_en = rg_bytes_str("check")};
        rules[i] = (struct rg_answer_rule){.rule = list[i],
                                           .state = i == 0 ? RG_RULE_VIOLATED : RG_RULE_SETTLED,
                                           .violations = 204 + i,
                                           .event_count = 2,
                                           .events = {-1, 206 + i},
                                           .due_ms = 208 + i,
                                           .by_count = 2,
                                           .by = {rg_bytes_str("a"), rg_bytes_str("c")},
                                           .critical = i == 1,
                                           .message_de = rg_bytes_str("zu sp\xc3\xa4t"),
                                           .message_en = rg_bytes_str("too late")};
    }
    *out = (struct rg_answer_case){.pseudonym = {{90}},
                                   .event_count = 2,
                                   .events = events,
                                   .duty_count = 2,
                                   .duties = duties,
                                   .alert_count = 2,
                                   .alerts = list,
                                   .rule_count = 2,
                                   .rules = rules,
                                   .truncated = true};
}

void sample_answer(enum rg_answer_kind kind, struct rg_answer *out)
{
    static struct rg_answer_alert alerts[2];
    static struct rg_answer_case_events cases[2];
    fill_list();
    for (unsigned i = 0; i < 2; i++) {
        alerts[i] = (struct rg_answer_alert){
            .logseq = 101 + i, .topic = rg_bytes_str("alert.warning.x."), .event = list[i]};
    }
    *out = (struct rg_answer){.kind = kind,
                              .id = 110,
                              .code = 65,
                              .error = rg_bytes_str("line 3:\n  what; what to do"),
                              .submitted = {.events = 111,
                                            .known = 112,
                                            .first_height = 113,
                                            .last_height = 114,
                                            .submission = {{115}},
                                            .pseudonym = {{116}},
                                            .cases_opened = 117,
                                            .verdict = 118},
                              .alert_count = 2,
                              .alerts = alerts,
                              .alerts_last = 118,
                              .alerts_more = true,
                              .page_token = 119,
                              .page_data = rg_bytes_str("page"),
                              .definition = rg_bytes_str("process: x\n"),
                              .process = rg_bytes_str("anker-dresden"),
                              .version = 120,
                              .acknowledged = 121,
                              .case_count = 2,
                              .next_case = 126,
                              .next_event = 127,
                              .through = 128,
                              .time_ms = 129};
    fill_status(&out->status);
    fill_case(&out->case_file);
    fill_motions(&out->motions);
    for (unsigned i = 0; i < 2; i++) {
        cases[i] = (struct rg_answer_case_events){.pseudonym = {{(uint8_t)(122 + i)}},
                                                  .file_number = list[i],
                                                  .first = 124 + i,
                                                  .event_count = out->case_file.event_count,
                                                  .events = out->case_file.events};
    }
    out->cases = cases;
}

void sample_event(unsigned kind, struct rg_event *out)
{
    if (kind == 1) {
        *out = (struct rg_event){.occurred_ms = 135,
                                 .about = {.kind = RG_ABOUT_ACKNOWLEDGE,
                                           .alert = {{136}},
                                           .reason = rg_bytes_str("seen")}};
        return;
    }
    *out = (struct rg_event){.step = rg_bytes_str("T02 Pr\xc3\xbc"
                                                  "fung"),
                             .occurred_ms = 131,
                             .field_count = 2,
                             .fields = {{rg_bytes_str("group"), rg_bytes_str("")},
                                        {rg_bytes_str("role"), rg_bytes_str("x")}},
                             .about = {.kind = RG_ABOUT_CORRECT,
                                       .height = 132,
                                       .submission = 133,
                                       .entry = 134,
                                       .reason = rg_bytes_str("typing_error")}};
}

void sample_body(struct rg_case_body *out)
{
    *out = (struct rg_case_body){.pseudonym = {{141}},
                                 .event = rg_bytes_str("event"),
                                 .member = 142,
                                 .stream = {{143}},
                                 .first = 144,
                                 .index = 1,
                                 .count = 3,
                                 .signature = {{146}},
                                 .path_count = 2,
                                 .path = {{{147}}, {{148}}}};
}

static rg_err encode_submission(struct rg_arena *arena, struct rg_bytes *out)
{
    const struct rg_sig sig = {{151}};
    struct rg_submission s = {.signer = 152,
                              .sequence = 153,
                              .expires_ms = 154,
                              .ledger = sample_ledger,
                              .entries_root = {{155}},
                              .entry_count = 2};
    struct rg_bytes entries[2];
    struct rg_bytes head;
    struct rg_hash digest;
    rg_err err = RG_OK;
    for (unsigned i = 0; err == RG_OK && i < 2; i++) {
        const struct rg_entry e = {.kind = RG_ENTRY_CASE,
                                   .tag = {{(uint8_t)(156 + i)}},
                                   .readers = 3 + i,
                                   .schema = RG_SCHEMA_CASE,
                                   .opens = i == 0,
                                   .commitment = {{158}},
                                   .sealed = rg_bytes_str("sealed")};
        err = rg_ledger_codec_encode_entry(arena, &e, &entries[i]);
    }
    if (err == RG_OK) {
        err = rg_ledger_codec_encode_head(arena, &s, &head, &digest);
    }
    return err == RG_OK ? rg_ledger_codec_encode_submission(arena, head, &sig, entries, 2, out)
                        : err;
}

/* Kind 0: a block in an epoch; 1: the last one of an epoch. */
static rg_err encode_block(struct rg_arena *arena, unsigned kind, struct rg_bytes *out)
{
    struct rg_header h = {.ledger = sample_ledger,
                          .epoch = 161,
                          .view = 162,
                          .height = 163,
                          .parent = {{164}},
                          .time_ms = 165,
                          .proposer = 166,
                          .submissions_root = {{167}},
                          .submission_count = 2,
                          .state_digest = {{168}},
                          .history_root = {{169}},
                          .epoch_last = kind == 1,
                          .next_set = {{170}}};
    struct rg_bytes subs[2];
    struct rg_hash hash;
    const rg_err err = encode_submission(arena, &subs[0]);
    subs[1] = subs[0];
    return err == RG_OK ? rg_ledger_codec_encode_block(arena, &h, subs, &hash, out) : err;
}

unsigned sample_first(enum sample_codec codec)
{
    return codec == SAMPLE_PEER ? RG_PEER_PROPOSE : codec == SAMPLE_REQUEST ? RG_REQUEST_SUBMIT : 0;
}

unsigned sample_last(enum sample_codec codec)
{
    return codec == SAMPLE_PEER      ? RG_PEER_ALERT_DIGESTS
           : codec == SAMPLE_REQUEST ? RG_REQUEST_MOTIONS
           : codec == SAMPLE_ANSWER  ? RG_ANSWER_MOTIONS
           : codec == SAMPLE_BLOCK   ? 1
           : codec == SAMPLE_EVENT   ? 1
                                     : 0;
}

rg_err sample_encode(enum sample_codec codec, unsigned kind, struct rg_arena *arena,
                     struct rg_bytes *out)
{
    static union sample_out in;
    if (codec == SAMPLE_SUBMISSION) {
        return encode_submission(arena, out);
    }
    if (codec == SAMPLE_BLOCK) {
        return encode_block(arena, kind, out);
    }
    if (codec == SAMPLE_PEER) {
        sample_peer((enum rg_peer_kind)kind, &in.peer);
        const rg_err err = kind == RG_PEER_STATUS ? peer_with_status(arena, &in.peer) : RG_OK;
        if (err != RG_OK) {
            return err;
        }
    } else if (codec == SAMPLE_REQUEST) {
        sample_request((enum rg_request_kind)kind, &in.request);
    } else if (codec == SAMPLE_ANSWER) {
        sample_answer((enum rg_answer_kind)kind, &in.answer);
    } else if (codec == SAMPLE_EVENT) {
        sample_event(kind, &in.event);
    } else {
        sample_body(&in.body);
    }
    return sample_again(codec, arena, &in, out);
}

rg_err sample_decode(enum sample_codec codec, struct rg_arena *arena, struct rg_bytes bytes,
                     union sample_out *out)
{
    switch (codec) {
    case SAMPLE_PEER:
        return rg_peer_codec_decode(arena, &sample_ledger, bytes, &out->peer);
    case SAMPLE_REQUEST:
        return rg_client_codec_decode_request(arena, &sample_ledger, bytes, &out->request);
    case SAMPLE_ANSWER:
        return rg_client_codec_decode_answer(arena, bytes, &out->answer);
    case SAMPLE_EVENT:
        return rg_ledger_codec_decode_event(arena, bytes, &out->event);
    case SAMPLE_BODY:
        return rg_ledger_codec_decode_body(arena, bytes, &out->body);
    case SAMPLE_SUBMISSION:
        return rg_ledger_codec_decode_submission(arena, bytes, &out->submission);
    case SAMPLE_BLOCK:
        return rg_ledger_codec_decode_block(arena, bytes, &out->block);
    case SAMPLE_CODECS:
        break;
    }
    return RG_ERR_INVALID;
}

/* A submission and a block carry the bytes of their parts. */
static rg_err again_parts(enum sample_codec codec, struct rg_arena *arena,
                          const union sample_out *in, struct rg_bytes *out)
{
    struct rg_bytes parts[8];
    struct rg_hash hash;
    if (codec == SAMPLE_SUBMISSION) {
        const struct rg_submission *s = &in->submission;
        for (uint32_t i = 0; i < s->entry_count; i++) {
            parts[i] = s->entries[i].bytes;
        }
        return rg_ledger_codec_encode_submission(arena, s->head, &s->signature, parts,
                                                 s->entry_count, out);
    }
    for (uint32_t i = 0; i < in->block.header.submission_count; i++) {
        parts[i] = in->block.submissions[i].bytes;
    }
    return rg_ledger_codec_encode_block(arena, &in->block.header, parts, &hash, out);
}

rg_err sample_again(enum sample_codec codec, struct rg_arena *arena, const union sample_out *in,
                    struct rg_bytes *out)
{
    switch (codec) {
    case SAMPLE_PEER:
        return rg_peer_codec_encode(arena, &sample_ledger, &in->peer, out);
    case SAMPLE_REQUEST:
        return rg_client_codec_encode_request(arena, &sample_ledger, &in->request, out);
    case SAMPLE_ANSWER:
        return rg_client_codec_encode_answer(arena, &in->answer, out);
    case SAMPLE_EVENT:
        return rg_ledger_codec_encode_event(arena, &in->event, out);
    case SAMPLE_BODY:
        return rg_ledger_codec_encode_body(arena, &in->body, out);
    case SAMPLE_SUBMISSION:
    case SAMPLE_BLOCK:
        return again_parts(codec, arena, in, out);
    case SAMPLE_CODECS:
        break;
    }
    return RG_ERR_INVALID;
}
