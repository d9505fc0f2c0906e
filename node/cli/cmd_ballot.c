/* `propose` and `vote`: an agency's word on who takes turns, and on what else is moved. The admin
 * key stays in this process; the node gets the signed ballot. */
#include "base/bytes.h"
#include "base/hex.h"
#include "base/num.h"
#include "base/time.h"
#include "crypto/rand.h"
#include "ledger/verdict.h"
#include "node/cli/ballot_call.h"
#include "node/cli/commands.h"
#include "node/cli/motions.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "proto/ledger_codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define EXPIRES_MAX_MS (366ll * 24 * 3600 * 1000)
#define ARENA (4u * RG_BALLOT_MAX)

static uint64_t wall_ms(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int load_key(struct rg_ballot_call *b)
{
    const char *path = rg_opts_get(b->cli, "key");
    const struct rg_answer_motions *m = &b->answer.motions;
    const struct rg_bytes agency = m->agencies[m->agency];
    const rg_err err = rg_sign_load(path, &b->key);
    if (err == RG_ERR_DENIED) {
        rg_say_error("%s: the key file must be yours and closed to others; `chmod 600 %s`", path,
                     path);
        return RG_CLI_DENIED;
    }
    if (err != RG_OK) {
        rg_say_error("--key %s: cannot read the key: %s; name the file that `reigen keygen` made",
                     path, rg_err_text(err));
        return RG_CLI_INPUT;
    }
    if (memcmp(rg_sign_pubkey(b->key)->b, m->admin_key.b, RG_KEY_BYTES) != 0) {
        rg_say_error("--key %s: this is not the admin key of agency %.*s; use the key whose public "
                     "part stands as admin_key in the genesis",
                     path, (int)agency.len, (const char *)agency.data);
        return RG_CLI_DENIED;
    }
    return RG_CLI_OK;
}

int rg_ballot_call_begin(struct rg_ballot_call *b)
{
    if (rg_opts_get(b->cli, "key") == NULL) {
        rg_say_error("--key FILE is needed, my agency's admin key; see `reigen %s --help`",
                     b->cli->command->name);
        return RG_CLI_USAGE;
    }
    int code = rg_profile_open(b->cli, &b->profile, &b->session);
    if (code == RG_CLI_OK && rg_arena_init(&b->arena, ARENA) != RG_OK) {
        rg_say_error("out of memory");
        code = RG_CLI_INTERNAL;
    }
    if (code == RG_CLI_OK && rg_session_motions(b->session, &b->answer) != RG_OK) {
        code = rg_say_session(b->session);
    }
    if (code == RG_CLI_OK && b->answer.motions.next.count > 0) {
        rg_say_error("a set of authorities is carried and takes over with the next epoch; try "
                     "again then, see `reigen motions`");
        code = RG_CLI_AGAIN;
    }
    return code == RG_CLI_OK ? load_key(b) : code;
}

void rg_ballot_call_end(struct rg_ballot_call *b)
{
    rg_sign_destroy(&b->key);
    rg_arena_fini(&b->arena);
    rg_profile_close(&b->profile, &b->session);
}

static int print_result(const struct rg_ballot_call *b, const struct rg_answer_submitted *s,
                        const char *state)
{
    const char *verdict = rg_verdict_text((enum rg_verdict)s->verdict);
    char id[2 * RG_HASH_BYTES + 1];
    const bool final = s->last_height > 0;
    rg_hex_format(b->ballot.id.b, RG_HASH_BYTES, id);
    if (b->cli->json) {
        return rg_status_json_line(
            json_pack("{s:s,s:o,s:o,s:o,s:o}", "motion", id, "submission",
                      rg_status_json_hex(s->submission.b, RG_HASH_BYTES), "height",
                      final ? json_integer((json_int_t)s->last_height) : json_null(), "verdict",
                      final ? json_string(verdict) : json_null(), "state",
                      final ? json_string(state) : json_null()));
    }
    (void)printf("motion      %s\n", id);
    if (final) {
        (void)printf("height      %" PRIu64 " (final)\nverdict     %s\nstate       %s\n",
                     s->last_height, verdict, state);
    } else {
        (void)printf("height      taken by the node, not yet final (use --wait)\n");
    }
    return RG_CLI_OK;
}

/* Whether the vote stands: it did now, or had before (a repetition after a lost connection). */
static bool stands(const struct rg_ballot_call *b, uint32_t verdict)
{
    const struct rg_answer_motions *m = &b->answer.motions;
    const struct rg_open_motion *o = rg_motions_find(m, &b->ballot.id);
    const uint64_t bit = UINT64_C(1) << b->ballot.agency;
    if (verdict == RG_VERDICT_ACCEPTED) {
        return true;
    }
    if (o != NULL) {
        return ((b->ballot.approve ? o->yes : o->no) & bit) != 0;
    }
    return b->ballot.approve &&
           rg_motions_state(m, &b->ballot.id, &b->ballot.motion) == RG_MOTIONS_CARRIED;
}

int rg_ballot_call_cast(struct rg_ballot_call *b, struct rg_bytes motion)
{
    const bool wait = rg_opts_has(b->cli, "wait");
    struct rg_bytes entry = {0};
    b->ballot.agency = b->answer.motions.agency;
    rg_ledger_codec_ballot_digest(&b->profile.ledger_id, &b->ballot, &b->ballot.digest);
    rg_sign(b->key, &b->ballot.digest, &b->ballot.signature);
    if (rg_ledger_codec_encode_ballot(&b->arena, &b->ballot, motion, &entry) != RG_OK) {
        rg_say_error("the ballot cannot be encoded");
        return RG_CLI_INTERNAL;
    }
    if (rg_session_ballot(b->session, entry, wait, &b->answer) != RG_OK) {
        return rg_say_session(b->session);
    }
    const struct rg_answer_submitted s = b->answer.submitted;
    if (s.last_height == 0) {
        return print_result(b, &s, "");
    }
    if (rg_session_motions(b->session, &b->answer) != RG_OK) {
        return rg_say_session(b->session);
    }
    const enum rg_motions_state state =
        rg_motions_state(&b->answer.motions, &b->ballot.id, &b->ballot.motion);
    const int code = print_result(b, &s, rg_motions_state_text(state));
    if (code != RG_CLI_OK || stands(b, s.verdict)) {
        return code;
    }
    rg_say_error("the ledger did not take the ballot: %s; see `reigen motions`",
                 rg_verdict_text((enum rg_verdict)s.verdict));
    return s.verdict == RG_VERDICT_BUSY ? RG_CLI_AGAIN : RG_CLI_NO;
}

static void unknown_name(const struct rg_answer_motions *m, struct rg_bytes name)
{
    static char text[RG_AUTHORITIES_MAX + RG_AGENCIES_MAX][RG_NAME_MAX + 1];
    const char *names[RG_AUTHORITIES_MAX + RG_AGENCIES_MAX];
    char word[RG_NAME_MAX + 1];
    size_t n = 0;
    for (uint32_t i = 0; i < m->agency_count; i++) {
        if (rg_bytes_eq(m->agencies[i], name)) {
            rg_say_error("agency %.*s has no node, so it cannot take turns", (int)name.len,
                         (const char *)name.data);
            return;
        }
        (void)snprintf(text[n], sizeof text[n], "%.*s", (int)m->agencies[i].len,
                       (const char *)m->agencies[i].data);
        n++;
    }
    for (uint32_t i = 0; i < m->node_count; i++) {
        (void)snprintf(text[n], sizeof text[n], "%.*s", (int)m->nodes[i].name.len,
                       (const char *)m->nodes[i].name.data);
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        names[i] = text[i];
    }
    (void)snprintf(word, sizeof word, "%.*s", (int)rg_num_min(name.len, RG_NAME_MAX),
                   (const char *)name.data);
    const char *near = rg_suggest_nearest(word, names, n);
    rg_say_error("`%s`: no node and no agency of this ledger; %s%s", word,
                 near != NULL ? "did you mean " : "`reigen genesis show` lists them",
                 near != NULL ? near : "");
}

/* Add who is called @name, a node or an agency with one, to @set. */
static int add_name(const struct rg_answer_motions *m, struct rg_bytes name, struct rg_set *set)
{
    const struct rg_answer_node *found = NULL;
    if (name.len == 0) {
        rg_say_error("a name in the list is empty; write it like BAMF,LDS-SN,AG3");
        return RG_CLI_INPUT;
    }
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct rg_answer_node *n = &m->nodes[i];
        if (!rg_bytes_eq(n->name, name) && !rg_bytes_eq(n->agency, name)) {
            continue;
        }
        if (found != NULL) {
            rg_say_error("`%.*s` is a node and another agency; name the node that you mean",
                         (int)name.len, (const char *)name.data);
            return RG_CLI_INPUT;
        }
        found = n;
    }
    if (found == NULL) {
        unknown_name(m, name);
        return RG_CLI_INPUT;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->principal[i] == found->principal) {
            rg_say_error("`%.*s`: node %.*s is in the list twice", (int)name.len,
                         (const char *)name.data, (int)found->name.len,
                         (const char *)found->name.data);
            return RG_CLI_INPUT;
        }
    }
    if (set->count == RG_AUTHORITIES_MAX) {
        rg_say_error("a set has at most %d authorities", RG_AUTHORITIES_MAX);
        return RG_CLI_INPUT;
    }
    set->principal[set->count++] = (uint16_t)found->principal;
    return RG_CLI_OK;
}

static int read_set(const struct rg_answer_motions *m, const char *list, struct rg_set *set)
{
    int code = RG_CLI_OK;
    for (const char *at = list; code == RG_CLI_OK && at != NULL;) {
        const char *comma = strchr(at, ',');
        const size_t len = comma != NULL ? (size_t)(comma - at) : strlen(at);
        code = add_name(m, (struct rg_bytes){(const uint8_t *)at, len}, set);
        at = comma != NULL ? comma + 1 : NULL;
    }
    if (code == RG_CLI_OK && rg_motions_same(set, &m->current)) {
        rg_say_error("these are the authorities already, in this order; the motion would change "
                     "nothing");
        code = RG_CLI_INPUT;
    }
    return code;
}

int rg_ballot_call_expires(const struct rg_ballot_call *b, uint64_t *out)
{
    const char *text = rg_opts_get(b->cli, "expires");
    int64_t ms = 0;
    text = text != NULL ? text : RG_BALLOT_CALL_EXPIRES;
    if (rg_time_parse_duration(rg_bytes_str(text), &ms) != RG_OK || ms <= 0 ||
        ms > EXPIRES_MAX_MS) {
        rg_say_error("--expires %s: not a duration of at most 366 days; write it like P14D or PT2H",
                     text);
        return RG_CLI_INPUT;
    }
    *out = rg_num_max(wall_ms(), b->answer.motions.time_ms) + (uint64_t)ms;
    return RG_CLI_OK;
}

static int propose(struct rg_ballot_call *b)
{
    const struct rg_answer_motions *m = &b->answer.motions;
    struct rg_motion *motion = &b->ballot.motion;
    struct rg_bytes bytes = {0};
    struct rg_id salt;
    int code = read_set(m, b->cli->args[0], &motion->set);
    code = code == RG_CLI_OK ? rg_ballot_call_expires(b, &motion->expires_ms) : code;
    if (code == RG_CLI_OK && m->motion_count == RG_MOTIONS_MAX) {
        rg_say_error("%u motions are open, as many as there may be; vote on them first, see "
                     "`reigen motions`",
                     RG_MOTIONS_MAX);
        code = RG_CLI_AGAIN;
    }
    for (uint32_t i = 0; code == RG_CLI_OK && i < m->motion_count; i++) {
        if (rg_motions_same(&m->motions[i].motion.set, &motion->set)) {
            rg_say_note("an open motion proposes the same; see `reigen motions`");
        }
    }
    if (code != RG_CLI_OK) {
        return code;
    }
    rg_rand(salt.b, RG_ID_BYTES);
    b->ballot.approve = true;
    b->ballot.moves = true;
    if (rg_ledger_codec_encode_motion(&b->arena, &b->profile.ledger_id, motion, &salt, &bytes,
                                      &b->ballot.id) != RG_OK) {
        rg_say_error("the motion cannot be encoded");
        return RG_CLI_INTERNAL;
    }
    return rg_ballot_call_cast(b, bytes);
}

/* The only open motion whose id begins with @text; NULL: said why on stderr. */
static const struct rg_open_motion *find_motion(const struct rg_answer_motions *m, const char *text)
{
    const struct rg_open_motion *found = NULL;
    char id[2 * RG_HASH_BYTES + 1];
    const size_t len = strlen(text);
    for (uint32_t i = 0; len > 0 && i < m->motion_count; i++) {
        rg_hex_format(m->motions[i].id.b, RG_HASH_BYTES, id);
        if (strncmp(id, text, len) != 0) {
            continue;
        }
        if (found != NULL) {
            rg_say_error("%s: more than one open motion begins so; give more digits of its id",
                         text);
            return NULL;
        }
        found = &m->motions[i];
    }
    if (found == NULL) {
        rg_say_error("%s: no open motion has this id; it may be decided or expired, see `reigen "
                     "motions`",
                     text);
    }
    return found;
}

static int vote(struct rg_ballot_call *b)
{
    const struct rg_answer_motions *m = &b->answer.motions;
    const struct rg_open_motion *o = find_motion(m, b->cli->args[0]);
    const uint64_t bit = UINT64_C(1) << m->agency;
    if (o == NULL) {
        return RG_CLI_INPUT;
    }
    if (((b->ballot.approve ? o->yes : o->no) & bit) != 0) {
        rg_say_note("my agency has voted so already; nothing to do");
        return RG_CLI_OK;
    }
    if (((o->yes | o->no) & bit) != 0) {
        rg_say_error("my agency has voted %s already, and a vote stands",
                     b->ballot.approve ? "no" : "yes");
        return RG_CLI_NO;
    }
    if (o->motion.expires_ms <= rg_num_max(wall_ms(), m->time_ms)) {
        rg_say_error("the motion has expired; move it again with `reigen propose` or `reigen "
                     "process publish`");
        return RG_CLI_NO;
    }
    b->ballot.id = o->id;
    b->ballot.motion = o->motion;
    return rg_ballot_call_cast(b, (struct rg_bytes){0});
}

static int run_propose(struct rg_cli *cli)
{
    static struct rg_ballot_call b;
    b.cli = cli;
    int code = rg_ballot_call_begin(&b);
    code = code == RG_CLI_OK ? propose(&b) : code;
    rg_ballot_call_end(&b);
    return code;
}

static int run_vote(struct rg_cli *cli)
{
    static struct rg_ballot_call b;
    b.cli = cli;
    b.ballot.approve = strcmp(cli->args[1], "yes") == 0;
    if (!b.ballot.approve && strcmp(cli->args[1], "no") != 0) {
        rg_say_error("`%s`: a vote is yes or no", cli->args[1]);
        return RG_CLI_USAGE;
    }
    int code = rg_ballot_call_begin(&b);
    code = code == RG_CLI_OK ? vote(&b) : code;
    rg_ballot_call_end(&b);
    return code;
}

static const struct rg_cli_option propose_options[] = {
    {"key", "FILE", "my agency's admin key; it is read here and never sent"},
    {"expires", "DURATION", "how long the others may vote (" RG_BALLOT_CALL_EXPIRES ")"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_propose = {
    .name = "propose authorities",
    .args = "NAME[,NAME...]",
    .summary = "move that these nodes take turns from now on",
    .detail =
        "Moves a new set of authorities, in the order of their turns: nodes of the genesis, "
        "by name or by agency. It counts as my agency's yes; the profile's member needs the role "
        "operator. When enough agencies have voted "
        "yes, the epoch ends with the next block and the new set takes over. Prints the "
        "motion's id, with --wait also the height at which it is final, the verdict, and "
        "whether it is open, carried or closed.",
    .options = propose_options,
    .examples = {"reigen propose authorities BAMF,LDS-SN,AG3 --key admin.key --wait",
                 "reigen propose authorities node1,node2,node5 --expires P3D --key admin.key"},
    .min_args = 1,
    .max_args = 1,
    .run = run_propose,
};

static const struct rg_cli_option vote_options[] = {
    {"key", "FILE", "my agency's admin key; it is read here and never sent"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_vote = {
    .name = "vote",
    .args = "MOTION-ID yes|no",
    .summary = "my agency's word on an open motion",
    .detail =
        "Votes on a motion that `reigen motions` lists; the first digits of its id are "
        "enough. My node takes a yes to a process definition only if it can use it: look at it "
        "first with `reigen process show --motion ID`. A vote stands: it cannot be taken back. "
        "Prints the motion's id, with --wait "
        "also the height at which it is final, the verdict, and whether the motion is open, "
        "carried or closed then.",
    .options = vote_options,
    .examples = {"reigen vote 3fa9 yes --key admin.key --wait",
                 "reigen vote 3fa9 no --key admin.key"},
    .min_args = 2,
    .max_args = 2,
    .run = run_vote,
};
