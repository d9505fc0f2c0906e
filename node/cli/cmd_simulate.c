#include "base/bytes.h"
#include "node/cli/cluster.h"
#include "node/cli/commands.h"
#include "node/cli/say.h"
#include "node/cli/simulate.h"
#include "node/cli/status_json.h"
#include "rules/definition.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define CASES 60
#define PAGE 500
#define SETTLE_MS 60000

/* Alerts of one rule. */
struct tally {
    uint64_t expected;
    uint64_t raised;
    uint64_t healed;
};

struct simulation {
    struct rg_simulate_plan plan;
    struct rg_simulate_result result;
    struct rg_profile profiles[2]; /* by rg_story_who */
    struct rg_session *session;    /* to the BAMF's node */
    struct rg_definition *def;
    struct tally tally[RG_DEFINITION_RULES_MAX]; /* by rule of def */
    uint64_t alerts_before;
    int64_t elapsed_ms;
};

/* The profiles of the two agencies in the network at @dir. */
static int load_profiles(const char *dir, struct rg_profile profiles[2])
{
    static const char *const names[2] = {[RG_STORY_BAMF] = "BAMF", [RG_STORY_LDS] = "LDS-SN"};
    static struct rg_cluster c;
    int code = rg_cluster_locate(&c, dir);
    code = code == RG_CLI_OK ? rg_cluster_load(&c) : code;
    for (unsigned who = 0; code == RG_CLI_OK && who < 2; who++) {
        char path[RG_CLI_PATH_MAX];
        uint32_t i = 0;
        while (i < c.nodes && strcmp(c.agencies[i], names[who]) != 0) {
            i++;
        }
        if (i == c.nodes) {
            rg_say_error("the network in %s has no agency %s; make one with `reigen cluster up "
                         "--nodes 4`",
                         c.dir, names[who]);
            return RG_CLI_INPUT;
        }
        rg_cluster_path(&c, i + 1, "profile.yaml", path);
        code = rg_profile_load(path, &profiles[who]);
    }
    return code;
}

/* Read the active definition, and where the alert log ends. */
static int prepare(struct simulation *s)
{
    char text[RG_DEFINITION_ERROR_MAX];
    const struct rg_session_alerts query = {.since = UINT64_MAX, .max = 1};
    struct rg_answer a = {0};
    if (rg_session_definition(s->session, &a) != RG_OK) {
        return rg_say_session(s->session);
    }
    if (rg_definition_parse("definition", a.definition, &s->def, text) != RG_OK) {
        rg_say_error("the active process definition cannot be read: %s", text);
        return RG_CLI_INPUT;
    }
    if (strcmp(s->def->process, "anker-dresden") != 0 || s->def->calendar_count == 0) {
        rg_say_error("the process of this ledger is %s; the simulated agencies know only "
                     "anker-dresden (deploy/processes/anker-dresden.yaml)",
                     s->def->process);
        return RG_CLI_INPUT;
    }
    s->plan.event_clock = s->def->clock == RG_DEFINITION_EVENT;
    s->plan.calendar = &s->def->calendars[0];
    if (rg_session_alerts(s->session, &query, &a) != RG_OK) {
        return rg_say_session(s->session);
    }
    s->alerts_before = a.alerts_last;
    return RG_CLI_OK;
}

/* Wait until the BAMF's node has judged everything. */
static int settle(const struct simulation *s)
{
    const int64_t end = rg_line_now() + SETTLE_MS;
    struct rg_answer a = {0};
    do {
        const struct timespec pause = {0, 20 * 1000000};
        (void)nanosleep(&pause, NULL);
        if (rg_session_status(s->session, &a) != RG_OK) {
            return rg_say_session(s->session);
        }
        if (rg_line_now() > end || rg_say_stop != 0) {
            rg_say_error("the rules of the BAMF's node did not pass height %" PRIu64 " within %d s",
                         s->result.last_height, SETTLE_MS / 1000);
            return RG_CLI_AGAIN;
        }
    } while (a.status.rules_height < s->result.last_height || a.status.rules_parked > 0);
    return RG_CLI_OK;
}

/* What a case of @kind makes of rule @r here: deadlines do not pass on a ledger that judges them by
 * its own time, and there every step with a simulated time is a late one. */
static uint64_t expected_of(const struct simulation *s, const struct rg_definition_rule *r,
                            size_t kind)
{
    const bool lateness = r->template == RG_DEFINITION_LATENESS;
    uint64_t n = 0;
    if (lateness == s->plan.event_clock && (lateness || r->limit_ms > 0)) {
        return 0;
    }
    for (size_t i = 0; i < RG_STORY_RULES_MAX; i++) {
        const char *id = rg_story_deviations[kind].rules[i];
        n += id != NULL && strcmp(id, r->id) == 0 ? s->result.deviations[kind] : 0;
    }
    return n;
}

static void expect(struct simulation *s)
{
    for (size_t i = 0; i < s->def->rule_count; i++) {
        const struct rg_definition_rule *r = &s->def->rules[i];
        struct tally *t = &s->tally[i];
        for (size_t kind = 1; kind < RG_STORY_DEVIATIONS; kind++) {
            t->expected += expected_of(s, r, kind);
        }
        if (r->template == RG_DEFINITION_LATENESS && s->plan.event_clock) {
            t->expected = s->result.events;
        }
    }
}

static void count_alert(struct simulation *s, struct rg_bytes text)
{
    json_t *event = json_loadb((const char *)text.data, text.len, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    const char *rule = json_string_value(json_object_get(data, "rule"));
    const char *state = json_string_value(json_object_get(data, "state"));
    for (size_t i = 0; rule != NULL && state != NULL && i < s->def->rule_count; i++) {
        if (strcmp(s->def->rules[i].id, rule) == 0) {
            s->tally[i].raised += strcmp(state, "raised") == 0 ? 1 : 0;
            s->tally[i].healed += strcmp(state, "healed") == 0 ? 1 : 0;
        }
    }
    json_decref(event);
}

static int count_alerts(struct simulation *s)
{
    struct rg_session_alerts query = {.since = s->alerts_before, .max = PAGE};
    bool more = true;
    while (more) {
        struct rg_answer a = {0};
        const uint64_t before = query.since;
        if (rg_session_alerts(s->session, &query, &a) != RG_OK) {
            return rg_say_session(s->session);
        }
        for (uint32_t i = 0; i < a.alert_count; i++) {
            count_alert(s, a.alerts[i].event);
            query.since = a.alerts[i].logseq;
        }
        more = a.alerts_more && query.since > before;
    }
    return RG_CLI_OK;
}

static bool as_expected(const struct simulation *s)
{
    for (size_t i = 0; i < s->def->rule_count; i++) {
        if (s->tally[i].expected != s->tally[i].raised) {
            return false;
        }
    }
    return true;
}

static int print_json(const struct simulation *s)
{
    json_t *deviations = json_array();
    json_t *rules = json_array();
    for (size_t i = 1; i < RG_STORY_DEVIATIONS; i++) {
        if (s->result.deviations[i] > 0) {
            (void)json_array_append_new(deviations,
                                        json_pack("{s:s,s:I}", "kind", rg_story_deviations[i].title,
                                                  "cases", (json_int_t)s->result.deviations[i]));
        }
    }
    for (size_t i = 0; i < s->def->rule_count; i++) {
        const struct tally *t = &s->tally[i];
        (void)json_array_append_new(
            rules, json_pack("{s:s,s:I,s:I,s:I}", "rule", s->def->rules[i].id, "expected",
                             (json_int_t)t->expected, "raised", (json_int_t)t->raised, "healed",
                             (json_int_t)t->healed));
    }
    return rg_status_json_line(json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:o,s:o,s:b}", "seed", (json_int_t)s->plan.seed, "cases",
        (json_int_t)s->result.cases, "elsewhere", (json_int_t)s->result.elsewhere, "events",
        (json_int_t)s->result.events, "days", (json_int_t)s->result.days, "seconds",
        (double)s->elapsed_ms / 1000.0, "last_height", (json_int_t)s->result.last_height,
        "deviations", deviations, "rules", rules, "as_expected", (int)as_expected(s)));
}

static int print_text(const struct simulation *s)
{
    (void)printf("%" PRIu64 " cases (%" PRIu64 " distributed elsewhere), %" PRIu64
                 " events, %" PRIu64 " days in %.1f s\n\n",
                 s->result.cases, s->result.elsewhere, s->result.events, s->result.days,
                 (double)s->elapsed_ms / 1000.0);
    (void)printf("%-44s %6s\n", "what went wrong", "cases");
    for (size_t i = 1; i < RG_STORY_DEVIATIONS; i++) {
        if (s->result.deviations[i] > 0) {
            (void)printf("%-44s %6" PRIu64 "\n", rg_story_deviations[i].title,
                         s->result.deviations[i]);
        }
    }
    (void)printf("\n%-10s %-8s %9s %9s %9s\n", "rule", "severity", "expected", "raised", "healed");
    for (size_t i = 0; i < s->def->rule_count; i++) {
        const struct tally *t = &s->tally[i];
        const bool critical = s->def->rules[i].severity == RG_DEFINITION_CRITICAL;
        if (t->expected > 0 || t->raised > 0) {
            (void)printf("%-10s %-8s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "%s\n",
                         s->def->rules[i].id, critical ? "critical" : "warning", t->expected,
                         t->raised, t->healed, t->expected != t->raised ? "  differs" : "");
        }
    }
    (void)printf("\n%s\n", as_expected(s) ? "every deviation was seen, and nothing else"
                                          : "the alerts are not those that were expected");
    return RG_CLI_OK;
}

static int read_plan(const struct rg_cli *cli, struct rg_simulate_plan *plan)
{
    static const uint64_t any[2] = {0, UINT32_MAX};
    static const uint64_t cases[2] = {1, 1000000};
    static const uint64_t per_day[2] = {1, RG_SIMULATE_PER_DAY_MAX};
    static const uint64_t percent[2] = {0, 100};
    static const uint64_t seconds[2] = {1, 86400};
    const bool timed = rg_opts_has(cli, "seconds");
    uint64_t n = 0;
    if (rg_opts_number(cli, "seed", any, 1, &plan->seed) != RG_OK ||
        rg_opts_number(cli, "cases", cases, timed ? cases[1] : CASES, &plan->cases) != RG_OK ||
        rg_opts_number(cli, "per-day", per_day, 8, &plan->per_day) != RG_OK ||
        rg_opts_number(cli, "deviations", percent, 50, &plan->percent) != RG_OK ||
        rg_opts_number(cli, "speed", any, 0, &plan->speed) != RG_OK ||
        rg_opts_number(cli, "seconds", seconds, 0, &n) != RG_OK) {
        return RG_CLI_USAGE;
    }
    if (!rg_opts_has(cli, "dir")) {
        rg_say_error("--dir is missing; name the folder of the test network");
        return RG_CLI_USAGE;
    }
    plan->end_ms = timed ? rg_line_now() + (int64_t)n * 1000 : INT64_MAX;
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    static struct simulation s;
    int code = read_plan(cli, &s.plan);
    code = code == RG_CLI_OK ? rg_say_start() : code;
    if (code != RG_CLI_OK) {
        return code;
    }
    const int64_t start = rg_line_now();
    code = load_profiles(rg_opts_get(cli, "dir"), s.profiles);
    code = code == RG_CLI_OK ? rg_profile_session(&s.profiles[RG_STORY_BAMF], &s.session) : code;
    code = code == RG_CLI_OK ? prepare(&s) : code;
    code = code == RG_CLI_OK ? rg_simulate_run(&s.plan, s.profiles, &s.result) : code;
    s.elapsed_ms = rg_line_now() - start;
    code = code == RG_CLI_OK ? settle(&s) : code;
    code = code == RG_CLI_OK ? count_alerts(&s) : code;
    if (code == RG_CLI_OK) {
        expect(&s);
        code = cli->json ? print_json(&s) : print_text(&s);
    }
    rg_definition_destroy(&s.def);
    rg_session_close(&s.session);
    rg_profile_fini(&s.profiles[0]);
    rg_profile_fini(&s.profiles[1]);
    rg_session_finish();
    return code;
}

static const struct rg_cli_option options[] = {
    {"dir", "DIR", "the test network, with the agencies BAMF and LDS-SN"},
    {"cases", "N", "how many cases (60; with --seconds as many as come)"},
    {"per-day", "N", "cases that begin on a working day, on average (8)"},
    {"deviations", "PERCENT", "of the cases something goes wrong in (50)"},
    {"speed", "N", "simulated time runs N times faster (0: as fast as the nodes take it)"},
    {"seconds", "N", "begin no more cases after so long, and hurry to finish those begun"},
    {"seed", "N", "another one makes other cases (1)"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_simulate = {
    .name = "simulate",
    .args = "",
    .summary = "two simulated agencies at work on a test network",
    .detail =
        "Plays the BAMF and the LDS-SN of the AnKER Dresden pilot: arrivals, identity checks, "
        "counselling, appointments, files, hearings, distribution elsewhere, and what goes wrong: "
        "steps that are late, missing, doubled or out of order, people who do not come. Ends with "
        "the alerts that each rule raised at the BAMF's node since the start, beside those that "
        "were to be expected. The same seed makes the same events. The cases begin in April 2021. "
        "With `clock: event` in the process definition, steps bear simulated times and deadlines "
        "pass; with `clock: ledger` they bear the present time and no deadline passes.",
    .options = options,
    .examples = {"reigen simulate --dir /tmp/net --cases 100",
                 "reigen simulate --dir /tmp/net --seconds 60 --speed 86400 --json"},
    .run = run,
};
