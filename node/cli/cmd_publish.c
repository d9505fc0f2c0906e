/* `process publish` and `process show`: definitions on the ledger. */
#include "base/bytes.h"
#include "base/hex.h"
#include "base/num.h"
#include "crypto/rand.h"
#include "node/cli/ballot_call.h"
#include "node/cli/commands.h"
#include "node/cli/definition_file.h"
#include "node/cli/motions.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "proto/ledger_codec.h"
#include <inttypes.h>
#include <stdio.h>

/* Read the file; errors and findings of the linter alike keep it from being moved. */
static int read_file(const char *path, struct rg_definition_file *out)
{
    char text[RG_DEFINITION_ERROR_MAX];
    const int code = rg_definition_file_read(path, out);
    if (code != RG_CLI_OK) {
        return code;
    }
    rg_definition_lint(out->def, text);
    if (text[0] != '\0') {
        (void)fprintf(stderr, "%s\n", text);
        return RG_CLI_INPUT;
    }
    return RG_CLI_OK;
}

/* The same process as the one in force, and a version that was not there yet. */
static int check_version(struct rg_ballot_call *b, const struct rg_definition *def)
{
    const struct rg_answer_motions *m = &b->answer.motions;
    struct rg_answer a = {0};
    uint32_t newest = m->published_count > 0 ? m->published[m->published_count - 1].version : 0;
    for (uint32_t i = 0; i < m->motion_count; i++) {
        if (m->motions[i].motion.definition.version == def->version) {
            rg_say_note("an open motion brings a version %" PRIu32 ", too; see `reigen motions`",
                        def->version);
        }
    }
    if (m->motion_count == RG_MOTIONS_MAX) {
        rg_say_error("%u motions are open, as many as there may be; vote on them first, see "
                     "`reigen motions`",
                     RG_MOTIONS_MAX);
        return RG_CLI_AGAIN;
    }
    if (rg_session_definition(b->session, &a) != RG_OK) {
        return rg_say_session(b->session);
    }
    newest = newest > a.version ? newest : a.version;
    if (!rg_definition_is(def->process, a.process)) {
        rg_say_error("process: `%s`: this ledger's process is `%.*s`; another one needs a ledger "
                     "of its own",
                     def->process, (int)a.process.len, (const char *)a.process.data);
        return RG_CLI_INPUT;
    }
    if (def->version <= newest) {
        rg_say_error("version: %" PRIu32 ": must be later than %" PRIu32
                     ", the last one on this ledger",
                     def->version, newest);
        return RG_CLI_INPUT;
    }
    return RG_CLI_OK;
}

static int read_from(const struct rg_cli *cli, uint64_t *out)
{
    const char *text = rg_opts_get(cli, "from-height");
    if (text != NULL && rg_num_parse_u64(rg_bytes_str(text), INT64_MAX, out) != RG_OK) {
        rg_say_error("--from-height %s: not a height", text);
        return RG_CLI_INPUT;
    }
    return RG_CLI_OK;
}

static int publish(struct rg_ballot_call *b, const struct rg_definition_file *file)
{
    struct rg_motion *motion = &b->ballot.motion;
    struct rg_bytes bytes = {0};
    struct rg_id salt;
    int code = rg_ballot_call_expires(b, &motion->expires_ms);
    code = code == RG_CLI_OK ? check_version(b, file->def) : code;
    if (code == RG_CLI_OK && rg_session_motions(b->session, &b->answer) != RG_OK) {
        code = rg_say_session(b->session);
    }
    if (code != RG_CLI_OK) {
        return code;
    }
    rg_rand(salt.b, RG_ID_BYTES);
    b->ballot.approve = true;
    b->ballot.moves = true;
    b->ballot.text = file->yaml;
    motion->definition.version = file->def->version;
    if (rg_ledger_codec_encode_publication(&b->arena, &b->profile.ledger_id, &b->ballot, &salt,
                                           &bytes) != RG_OK) {
        rg_say_error("the motion cannot be encoded");
        return RG_CLI_INTERNAL;
    }
    return rg_ballot_call_cast(b, bytes);
}

static int run_publish(struct rg_cli *cli)
{
    static struct rg_ballot_call b;
    struct rg_definition_file file = {0};
    b.cli = cli;
    int code = read_from(cli, &b.ballot.motion.definition.from);
    code = code == RG_CLI_OK ? read_file(cli->args[0], &file) : code;
    if (code == RG_CLI_OK) {
        code = rg_ballot_call_begin(&b);
        code = code == RG_CLI_OK ? publish(&b, &file) : code;
        rg_ballot_call_end(&b);
    }
    rg_definition_file_fini(&file);
    return code;
}

static int print_definition(const struct rg_cli *cli, const struct rg_answer *a)
{
    if (cli->json) {
        return rg_status_json_line(
            json_pack("{s:o,s:I,s:I,s:o,s:o}", "process", rg_status_json_text(a->process),
                      "version", (json_int_t)a->version, "from_height",
                      (json_int_t)rg_num_min(a->version_from, INT64_MAX), "hash",
                      rg_status_json_hex(a->definition_hash.b, RG_HASH_BYTES), "yaml",
                      rg_status_json_text(a->definition)));
    }
    const bool done = fwrite(a->definition.data, 1, a->definition.len, stdout) == a->definition.len;
    if (!done || fflush(stdout) != 0) {
        rg_say_error("cannot write to the output");
        return RG_CLI_DISK;
    }
    return RG_CLI_OK;
}

/* The open motion whose id begins with @text. */
static int find_motion(struct rg_session *session, const char *text, struct rg_hash *out)
{
    struct rg_answer a = {0};
    char id[2 * RG_HASH_BYTES + 1];
    uint32_t found = 0;
    if (rg_session_motions(session, &a) != RG_OK) {
        return rg_say_session(session);
    }
    for (uint32_t i = 0; i < a.motions.motion_count; i++) {
        rg_hex_format(a.motions.motions[i].id.b, RG_HASH_BYTES, id);
        if (strncmp(id, text, strlen(text)) == 0) {
            *out = a.motions.motions[i].id;
            found++;
        }
    }
    if (found != 1) {
        rg_say_error("--motion %s: %s; see `reigen motions`", text,
                     found == 0 ? "no open motion has this id"
                                : "more than one open motion begins so, give more digits");
        return RG_CLI_INPUT;
    }
    return RG_CLI_OK;
}

static int show(const struct rg_cli *cli, struct rg_session *session)
{
    const char *motion = rg_opts_get(cli, "motion");
    struct rg_answer a = {0};
    struct rg_hash id;
    uint64_t version = 0;
    if (cli->arg_count > 0 &&
        (rg_num_parse_u64(rg_bytes_str(cli->args[0]), UINT32_MAX, &version) != RG_OK ||
         version == 0 || motion != NULL)) {
        rg_say_error("`%s`: give a version's number, or a motion", cli->args[0]);
        return RG_CLI_USAGE;
    }
    int code = motion != NULL ? find_motion(session, motion, &id) : RG_CLI_OK;
    if (code == RG_CLI_OK && rg_session_definition_of(session, (uint32_t)version,
                                                      motion != NULL ? &id : NULL, &a) != RG_OK) {
        code = rg_say_session(session);
    }
    return code == RG_CLI_OK ? print_definition(cli, &a) : code;
}

static int run_show(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    int code = rg_profile_open(cli, &profile, &session);
    code = code == RG_CLI_OK ? show(cli, session) : code;
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option publish_options[] = {
    {"key", "FILE", "my agency's admin key; it is read here and never sent"},
    {"from-height", "HEIGHT", "in force from there on (from the block after it is carried)"},
    {"expires", "DURATION", "how long the others may vote (" RG_BALLOT_CALL_EXPIRES ")"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_process_publish = {
    .name = "process publish",
    .args = "FILE",
    .summary = "move that cases are judged by this process definition from now on",
    .detail =
        "Checks the definition as `reigen process check` does and puts it on the ledger as a "
        "motion; that counts as my agency's yes. It must be of this ledger's process and of a "
        "later version. When enough agencies have voted yes with `reigen vote`, it is in force "
        "from the block after, or from the height that is named if that is later: every node "
        "checks submissions by it and judges every case anew by it from that height on. What "
        "would change is told by `reigen process shadow` before. Prints as `reigen propose` does.",
    .options = publish_options,
    .examples = {"reigen process publish receipt-2.yaml --key admin.key --wait",
                 "reigen process publish receipt-2.yaml --from-height 5000 --key admin.key"},
    .min_args = 1,
    .max_args = 1,
    .run = run_publish,
};

static const struct rg_cli_option show_options[] = {
    {"motion", "ID", "the definition that this open motion brings; its first digits are enough"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_process_show = {
    .name = "process show",
    .args = "[VERSION]",
    .summary = "print a process definition of the ledger",
    .detail = "Prints the text of the process definition that is in force for what is recorded "
              "next, of an earlier or later version by its number, or of an open motion. With "
              "--json also from which height it is in force (0: that of the genesis, or one that "
              "is not carried) and the hash of its text in the ledger's state.",
    .options = show_options,
    .examples = {"reigen process show > receipt.yaml", "reigen process show --motion 3fa9 --json"},
    .max_args = 1,
    .run = run_show,
};
