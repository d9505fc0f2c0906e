#include "base/hex.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void put(const char *name, struct rg_bytes text)
{
    (void)printf("%-11s ", name);
    rg_say_text(text);
    (void)printf("\n");
}

static void print_authority(const struct rg_answer_authority *a, uint64_t height)
{
    const char *colour = rg_say_colour(a->live ? "green" : "red");
    const char *off = rg_say_colour("off");
    (void)printf("  %s%s %-7s%s ", colour, a->live ? "+" : "-", a->live ? "live" : "silent", off);
    (void)printf("%-12.*s %-12.*s ", (int)a->name.len, (const char *)a->name.data,
                 (int)a->agency.len, (const char *)a->agency.data);
    (void)printf("height %-8" PRIu64 " behind %-5" PRIu64 " missed turns %-4" PRIu64
                 " clock %+" PRId64 " ms",
                 a->height, height > a->height ? height - a->height : 0, a->missed_turns,
                 a->clock_offset_ms);
    if (!a->live) {
        (void)printf(", silent for %" PRIu64 " s", a->silent_ms / 1000);
    }
    if (a->cut) {
        (void)printf(", cut off by a test");
    }
    (void)printf("\n");
}

static void print_table(const struct rg_answer_status *s)
{
    char hex[2 * RG_HASH_BYTES + 1];
    char time[RG_TIME_TEXT_MAX];
    put("ledger", s->ledger);
    put("node", s->node);
    put("agency", s->agency);
    rg_time_format((int64_t)s->time_ms, time);
    (void)printf("%-11s %" PRIu64 ", final since %s\n", "height", s->height, time);
    rg_hex_format(s->hash.b, RG_HASH_BYTES, hex);
    (void)printf("%-11s %s\n", "hash", hex);
    rg_hex_format(s->digest.b, RG_HASH_BYTES, hex);
    (void)printf("%-11s %s\n", "digest", hex);
    (void)printf("%-11s epoch %" PRIu64 ", view %" PRIu64 ", lag %" PRIu64 " ms, mempool %" PRIu64
                 "\n",
                 "consensus", s->epoch, s->view, s->lag_ms, s->mempool);
    (void)printf("%-11s height %" PRIu64 ", parked %" PRIu64 ", alerts up to %" PRIu64 "\n",
                 "rules", s->rules_height, s->rules_parked, s->alerts_logseq);
    if (s->rules_compared > 0) {
        (void)printf("%-11s alerts up to height %" PRIu64 " with other nodes", "compared",
                     s->rules_compared);
    } else {
        (void)printf("%-11s no alerts with other nodes yet", "compared");
    }
    for (uint32_t i = 0; i < s->differ_count; i++) {
        (void)printf("%s%s%.*s%s", i == 0 ? "; other alerts at " : ", ", rg_say_colour("red"),
                     (int)s->differ[i].len, (const char *)s->differ[i].data, rg_say_colour("off"));
    }
    (void)printf("\n");
    (void)printf("%-11s %" PRIu64 " frames, %" PRIu64 " handshakes refused\n", "bus", s->bus_frames,
                 s->bus_refused);
    (void)printf("%-11s pid %u, %" PRIu64 " KiB, %" PRIu64 " ms CPU\n", "process", s->pid,
                 s->memory_kib, s->cpu_ms);
    (void)printf("%-11s ", "definition");
    rg_say_text(s->process);
    (void)printf(" version %" PRIu32, s->version);
    if (s->version_from > 0) {
        (void)printf(", in force from height %" PRIu64 " on", s->version_from);
    }
    (void)printf("\n");
    if (s->motions > 0) {
        (void)printf("%-11s %u open, see `reigen motions`\n", "motions", s->motions);
    }
    (void)printf("%-11s %u of %u\n", "quorum", s->quorum, s->authority_count);
    if (s->mute) {
        (void)printf(
            "%-11s none yet: this node may have forgotten votes of its own; it follows, and "
            "votes again when enough others have answered\n",
            "votes");
    }
    for (uint32_t i = 0; i < s->authority_count; i++) {
        print_authority(&s->authorities[i], s->height);
    }
    if (s->warning.len > 0) {
        (void)printf("%snote%s        ", rg_say_colour("yellow"), rg_say_colour("off"));
        rg_say_text(s->warning);
        (void)printf("\n");
    }
    if (s->stalled.len > 0) {
        (void)printf("%sSTALLED%s     ", rg_say_colour("red"), rg_say_colour("off"));
        rg_say_text(s->stalled);
        (void)printf("\n");
    }
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_answer answer = {0};
    int code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK && rg_session_status(session, &answer) != RG_OK) {
        code = rg_say_session(session);
    } else if (code == RG_CLI_OK) {
        if (cli->json) {
            code = rg_status_json_print(&answer.status);
        } else {
            print_table(&answer.status);
        }
        if (code == RG_CLI_OK && answer.status.stalled.len > 0) {
            code = RG_CLI_UNAVAILABLE;
        }
    }
    rg_profile_close(&profile, &session);
    return code;
}

const struct rg_cli_command rg_cmd_status = {
    .name = "status",
    .args = "",
    .summary = "height, hash, digest, authorities of my node's ledger",
    .detail =
        "Asks my agency's node how it and the network are. Ends with 69 when nobody answers or "
        "the network is stalled; the table then says who is missing and what to do.",
    .examples = {"reigen --profile net/node1/profile.yaml status",
                 "reigen status --json | jq .height"},
    .run = run,
};
