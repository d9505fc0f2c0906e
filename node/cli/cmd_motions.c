#include "base/hex.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/motions.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <inttypes.h>
#include <stdio.h>

static void print_definition(const char *label, const struct rg_published *p)
{
    (void)printf("%-11s version %" PRIu32 ", ", label, p->version);
    if (p->from > 0) {
        (void)printf("in force from height %" PRIu64 " on", p->from);
    } else {
        (void)printf("in force when it is carried");
    }
    (void)printf(", text in block %" PRIu64 "\n", p->height);
}

static void print_motion(const struct rg_answer_motions *m, const struct rg_open_motion *o)
{
    char id[2 * RG_HASH_BYTES + 1];
    char expires[RG_TIME_TEXT_MAX];
    rg_hex_format(o->id.b, RG_HASH_BYTES, id);
    rg_time_format((int64_t)o->motion.expires_ms, expires);
    (void)printf("\n%smotion%s      %s\n", rg_say_colour("bold"), rg_say_colour("off"), id);
    if (o->motion.definition.version > 0) {
        print_definition("  definition", &o->motion.definition);
    } else {
        (void)printf("  authorities ");
        rg_motions_print_set(m, &o->motion.set);
    }
    (void)printf("  yes         ");
    rg_motions_print_agencies(m, o->yes);
    (void)printf("  no          ");
    rg_motions_print_agencies(m, o->no);
    (void)printf("  needed      %" PRIu32 " more yes until %s\n", rg_motions_missing(m, o),
                 expires);
}

static void print_table(const struct rg_answer_motions *m)
{
    (void)printf("epoch       %" PRIu64 "\nauthorities ", m->epoch);
    rg_motions_print_set(m, &m->current);
    (void)printf("next        ");
    rg_motions_print_set(m, &m->next);
    (void)printf("quorum      %" PRIu32 " of %" PRIu32 " agencies carry a motion\n", m->quorum,
                 m->agency_count);
    for (uint32_t i = 0; i < m->published_count; i++) {
        print_definition("definition", &m->published[i]);
    }
    if (m->motion_count == 0) {
        (void)printf("motions     none open\n");
    }
    for (uint32_t i = 0; i < m->motion_count; i++) {
        print_motion(m, &m->motions[i]);
    }
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_answer answer = {0};
    int code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK && rg_session_motions(session, &answer) != RG_OK) {
        code = rg_say_session(session);
    } else if (code == RG_CLI_OK && cli->json) {
        code = rg_status_json_line(rg_motions_json(&answer.motions));
    } else if (code == RG_CLI_OK) {
        print_table(&answer.motions);
    }
    rg_profile_close(&profile, &session);
    return code;
}

const struct rg_cli_command rg_cmd_motions = {
    .name = "motions",
    .args = "",
    .summary = "who takes turns, what is published, and what is moved",
    .detail = "Shows the authorities in the order of their turns, the set that takes over next if "
              "one is carried, the process definitions that were published after that of the "
              "genesis, and every open motion: what it proposes, who voted how, how many "
              "are still needed, when it expires.",
    .examples = {"reigen motions", "reigen motions --json | jq .motions[].id"},
    .run = run,
};
