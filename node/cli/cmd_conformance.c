#include "base/bytes.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/definition_file.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "node/cli/words.h"
#include <stdio.h>
#include <stdlib.h>

static long long count_of(const json_t *rule, const char *key)
{
    return (long long)json_integer_value(json_object_get(rule, key));
}

static void print_table(const json_t *result)
{
    size_t i = 0;
    const json_t *rule = NULL;
    const json_t *rules = json_is_array(result) ? result : json_object_get(result, "rules");
    const int width = rg_words_width(rules, "id", 8);
    (void)printf("%-*s %-22s %11s %10s %10s %10s %10s\n", width, "rule", "template", "activations",
                 "satisfied", "violated", "pending", "vacuous");
    json_array_foreach(rules, i, rule)
    {
        const char *id = json_string_value(json_object_get(rule, "id"));
        const char *template = json_string_value(json_object_get(rule, "template"));
        const bool bad = count_of(rule, "violated") > 0;
        (void)printf("%-*s %-22s %11lld %10lld %s%10lld%s %10lld %10lld\n", width,
                     id == NULL ? "" : id, template == NULL ? "" : template,
                     count_of(rule, "activations"), count_of(rule, "satisfied"),
                     bad ? rg_say_colour("yellow") : "", count_of(rule, "violated"),
                     bad ? rg_say_colour("off") : "", count_of(rule, "pending"),
                     count_of(rule, "vacuous"));
    }
}

/* What the figures are broken down by; nothing without a text. False: a word not known. */
static bool read_by(const char *text, uint32_t *out)
{
    static const struct {
        const char *word;
        uint32_t by;
    } known[] = {{"site", RG_REQUEST_BY_SITE},
                 {"month", RG_REQUEST_BY_MONTH},
                 {"site,month", RG_REQUEST_BY_ALL},
                 {"month,site", RG_REQUEST_BY_ALL}};
    *out = 0;
    for (size_t i = 0; text != NULL && i < sizeof known / sizeof known[0]; i++) {
        *out = strcmp(text, known[i].word) == 0 ? known[i].by : *out;
    }
    return text == NULL || *out != 0;
}

static void print_name(const json_t *group, const char *key)
{
    const json_t *name = json_object_get(group, key);
    if (name != NULL) {
        (void)printf("%s %s, ", key, json_is_string(name) ? json_string_value(name) : "-");
    }
}

/* The columns of the totals, so that numbers stand under each other; the rule takes the place of
 * the template, whose name is told there. */
static void print_group(const json_t *group)
{
    size_t i = 0;
    const json_t *rule = NULL;
    (void)printf("\n%s", rg_say_colour("bold"));
    print_name(group, "site");
    print_name(group, "month");
    (void)printf("cases %lld, events %lld%s\n", count_of(group, "cases"), count_of(group, "events"),
                 rg_say_colour("off"));
    (void)printf("%-31s %11s %10s %10s %10s %10s %8s\n", "rule", "activations", "satisfied",
                 "violated", "pending", "vacuous", "fitness");
    json_array_foreach(json_object_get(group, "rules"), i, rule)
    {
        char fitness[16] = "-";
        const char *id = json_string_value(json_object_get(rule, "id"));
        const json_t *number = json_object_get(rule, "fitness");
        const bool bad = count_of(rule, "violated") > 0;
        if (json_is_number(number)) {
            (void)snprintf(fitness, sizeof fitness, "%.4f", json_number_value(number));
        }
        (void)printf("%-31s %11lld %10lld %s%10lld%s %10lld %10lld %8s\n", id == NULL ? "" : id,
                     count_of(rule, "activations"), count_of(rule, "satisfied"),
                     bad ? rg_say_colour("yellow") : "", count_of(rule, "violated"),
                     bad ? rg_say_colour("off") : "", count_of(rule, "pending"),
                     count_of(rule, "vacuous"), fitness);
    }
}

static int show(const struct rg_cli *cli, const char *text, size_t len)
{
    if (cli->json) {
        (void)fwrite(text, 1, len, stdout);
        if (len == 0 || text[len - 1] != '\n') {
            (void)fputc('\n', stdout);
        }
        return fflush(stdout) == 0 ? RG_CLI_OK : RG_CLI_DISK;
    }
    size_t i = 0;
    const json_t *group = NULL;
    json_t *result = json_loadb(text, len, 0, NULL);
    if (result == NULL) {
        rg_say_error("the node's answer is no JSON");
        return RG_CLI_INTERNAL;
    }
    print_table(result);
    json_array_foreach(json_object_get(result, "groups"), i, group)
    {
        print_group(group);
    }
    json_decref(result);
    return RG_CLI_OK;
}

static int ask(const struct rg_cli *cli, const struct rg_session_conformance *query)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    char *text = NULL;
    size_t len = 0;
    int code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = rg_session_conformance(session, query, &text, &len) == RG_OK
                   ? show(cli, text, len)
                   : rg_say_session(session);
    }
    free(text);
    rg_profile_close(&profile, &session);
    return code;
}

static int run(struct rg_cli *cli)
{
    const char *as_of_text = rg_opts_get(cli, "as-of");
    const char *path = rg_opts_get(cli, "rules");
    const char *by = rg_opts_get(cli, "by");
    struct rg_session_conformance query = {.as_of_ms = -1};
    struct rg_definition_file rules = {0};
    if (!read_by(by, &query.by)) {
        rg_say_error("--by %s: it is site, month or site,month", by);
        return RG_CLI_USAGE;
    }
    if (as_of_text != NULL && strcmp(as_of_text, "end") != 0 &&
        rg_time_parse(rg_bytes_str(as_of_text), &query.as_of_ms) != RG_OK) {
        rg_say_error("--as-of %s: it is `end` or a time like 2026-03-01T09:30:00Z", as_of_text);
        return RG_CLI_USAGE;
    }
    int code = path == NULL ? RG_CLI_OK : rg_definition_file_read(path, &rules);
    if (code == RG_CLI_OK) {
        query.rules = rules.yaml;
        code = ask(cli, &query);
    }
    rg_definition_file_fini(&rules);
    return code;
}

static const struct rg_cli_option options[] = {
    {"rules", "FILE", "judge by this process definition instead of the active one"},
    {"as-of", "TIME", "judge as of then; `end` (the default): the latest time on the ledger"},
    {"by", "WHAT", "the figures also by `site`, by `month` or by `site,month`"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_conformance = {
    .name = "conformance",
    .args = "",
    .summary = "how the cases did, rule by rule",
    .detail =
        "Judges all cases that my agency may read by every rule: activations, cases satisfied, "
        "violated, pending, vacuous; with --json also which cases and events. With --by "
        "also for each site (the field that the process definition names under `site:`) and each "
        "month (UTC) of the first entry of a case that counts, with the fitness of every rule: "
        "satisfied / (satisfied + violated); `-` where no case was either.",
    .options = options,
    .examples = {"reigen conformance --by site,month",
                 "reigen conformance --rules new-rules.yaml --as-of end --json"},
    .run = run,
};
