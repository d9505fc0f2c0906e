#include "base/arena.h"
#include "base/hex.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "node/cli/words.h"
#include "proto/ledger_codec.h"
#include <stdio.h>

static json_t *time_json(int64_t ms)
{
    char text[RG_TIME_TEXT_MAX];
    rg_time_format(ms, text);
    return json_string(text);
}

static json_t *place_json(uint64_t height, uint32_t submission, uint32_t entry)
{
    char place[64];
    (void)snprintf(place, sizeof place, "%llu/%u/%u", (unsigned long long)height, submission,
                   entry);
    return json_string(place);
}

/* What an entry says about another one, and what another one says about it. */
static void add_standing(json_t *o, const struct rg_answer_case_event *c, const struct rg_event *e)
{
    const struct rg_about *a = &e->about;
    if (a->kind == RG_ABOUT_ACKNOWLEDGE) {
        (void)json_object_set_new(o, "acknowledges", rg_status_json_hex(a->alert.b, RG_HASH_BYTES));
        if (a->reason.len > 0) {
            (void)json_object_set_new(o, "note", rg_status_json_text(a->reason));
        }
    } else if (a->kind != RG_ABOUT_NONE) {
        (void)json_object_set_new(o, a->kind == RG_ABOUT_CANCEL ? "cancels" : "corrects",
                                  place_json(a->height, a->submission, a->entry));
        if (a->reason.len > 0) {
            (void)json_object_set_new(o, "reason", rg_status_json_text(a->reason));
        }
    }
    if (c->standing == RG_STANDING_CANCELLED || c->standing == RG_STANDING_CORRECTED) {
        (void)json_object_set_new(
            o, c->standing == RG_STANDING_CANCELLED ? "cancelled_by" : "corrected_by",
            place_json(c->by_height, c->by_submission, c->by_entry));
    }
}

static json_t *event_json(const struct rg_answer_case_event *c, const struct rg_event *e)
{
    json_t *fields = json_object();
    for (uint32_t i = 0; i < e->field_count; i++) {
        char name[RG_NAME_MAX + 1];
        (void)snprintf(name, sizeof name, "%.*s", (int)e->fields[i].name.len,
                       (const char *)e->fields[i].name.data);
        (void)json_object_set_new(fields, name, rg_status_json_text(e->fields[i].value));
    }
    json_t *o = json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "step", rg_status_json_text(e->step), "occurred_at",
        time_json(e->occurred_ms), "recorded_at", time_json((int64_t)c->recorded_ms), "agency",
        rg_status_json_text(c->agency), "member", rg_status_json_text(c->member), "entry",
        place_json(c->height, c->submission, c->entry), "fields", fields);
    add_standing(o, c, e);
    return o;
}

static json_t *names_json(const struct rg_bytes *names, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, rg_status_json_text(names[i]));
    }
    return list;
}

static json_t *due_json(uint64_t due_ms)
{
    return due_ms == 0 ? json_null() : time_json((int64_t)due_ms);
}

static json_t *both_json(struct rg_bytes de, struct rg_bytes en)
{
    return json_pack("{s:o,s:o}", "de", rg_status_json_text(de), "en", rg_status_json_text(en));
}

/* A duty in words: whose turn it is, what has to follow, by when. */
static json_t *words_of(const struct rg_answer_duty *d, bool german)
{
    const struct rg_bytes label = german ? d->label_de : d->label_en;
    const struct rg_bytes step = label.len > 0 ? label : d->step;
    char who[RG_DUTY_BY_MAX * (RG_NAME_MAX + 8)] = "";
    char due[RG_TIME_TEXT_MAX] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < d->by_count; i++) {
        const int n = snprintf(who + len, sizeof who - len, "%s%.*s",
                               i == 0   ? ""
                               : german ? " oder "
                                        : " or ",
                               (int)d->by[i].len, (const char *)d->by[i].data);
        len += n > 0 ? (size_t)n : 0;
    }
    if (d->due_ms > 0) {
        rg_time_format((int64_t)d->due_ms, due);
    }
    return json_sprintf("%s: %s: %.*s%s%s", german ? "weiter" : "continue",
                        who[0] != '\0' ? who
                        : german       ? "jede Behörde"
                                       : "any agency",
                        (int)step.len, (const char *)step.data,
                        due[0] == '\0' ? ""
                        : german       ? ", bis "
                                       : ", by ",
                        due);
}

static json_t *duty_json(const struct rg_answer_duty *d)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o}}", "rule", rg_status_json_text(d->rule),
                     "step", rg_status_json_text(d->step), "label",
                     both_json(d->label_de, d->label_en), "by", names_json(d->by, d->by_count),
                     "due", due_json(d->due_ms), "text", "de", words_of(d, true), "en",
                     words_of(d, false));
}

static const char *state_text(enum rg_rule_state s)
{
    switch (s) {
    case RG_RULE_SATISFIED:
    case RG_RULE_SETTLED:
        return "satisfied";
    case RG_RULE_PENDING:
        return "pending";
    case RG_RULE_VIOLATED:
        return "violated";
    case RG_RULE_INACTIVE:
        break;
    }
    return "inactive";
}

static json_t *rule_json(const struct rg_answer_rule *r)
{
    json_t *events = json_array();
    for (uint32_t i = 0; i < r->event_count; i++) {
        (void)json_array_append_new(events, json_integer((json_int_t)r->events[i]));
    }
    const bool permanent = r->state == RG_RULE_VIOLATED || r->state == RG_RULE_SETTLED;
    return json_pack("{s:o,s:s,s:b,s:s,s:o,s:o,s:I,s:o,s:o}", "rule", rg_status_json_text(r->rule),
                     "state", state_text(r->state), "permanent", (int)permanent, "severity",
                     r->critical ? "critical" : "warning", "due", due_json(r->due_ms), "by",
                     names_json(r->by, r->by_count), "violations", (json_int_t)r->violations,
                     "events", events, "message", both_json(r->message_de, r->message_en));
}

static json_t *case_json(const struct rg_answer_case *c, struct rg_arena *arena)
{
    json_t *events = json_array();
    json_t *duties = json_array();
    json_t *alerts = json_array();
    json_t *rules = json_array();
    for (uint32_t i = 0; i < c->rule_count; i++) {
        (void)json_array_append_new(rules, rule_json(&c->rules[i]));
    }
    for (uint32_t i = 0; i < c->event_count; i++) {
        struct rg_event e = {0};
        rg_arena_reset(arena);
        if (rg_ledger_codec_decode_event(arena, c->events[i].event, &e) == RG_OK) {
            (void)json_array_append_new(events, event_json(&c->events[i], &e));
        }
    }
    for (uint32_t i = 0; i < c->duty_count; i++) {
        (void)json_array_append_new(duties, duty_json(&c->duties[i]));
    }
    for (uint32_t i = 0; i < c->alert_count; i++) {
        json_t *alert = json_loadb((const char *)c->alerts[i].data, c->alerts[i].len, 0, NULL);
        (void)json_array_append_new(alerts, alert != NULL ? alert : json_null());
    }
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:b}", "pseudonym",
                     rg_status_json_hex(c->pseudonym.b, RG_ID_BYTES), "events", events, "continue",
                     duties, "rules", rules, "alerts", alerts, "truncated", (int)c->truncated);
}

static void print_alert(const json_t *alert)
{
    const json_t *data = json_object_get(alert, "data");
    const char *severity = rg_words_text(data, "severity");
    const char *message = rg_words_of(json_object_get(data, "message"));
    const json_t *who = json_object_get(data, "acknowledged");
    (void)printf("  %s%-8s%s %-6s event %lld ",
                 rg_say_colour(strcmp(severity, "critical") == 0 ? "red" : "yellow"), severity,
                 rg_say_colour("off"), rg_words_text(data, "rule"),
                 (long long)json_integer_value(json_object_get(data, "event_no")));
    const bool raised = strcmp(rg_words_text(data, "state"), "raised") == 0;
    if (!raised) {
        (void)printf(" %s", rg_words_text(data, "state"));
    }
    if (who != NULL) {
        (void)printf(" by %s/%s", rg_words_text(who, "agency"), rg_words_text(who, "member"));
    }
    (void)printf("%s %s [%s]\n", raised ? "" : ":", message, rg_words_text(data, "alert"));
}

/* The entry's own name, and its ties to others. */
static void print_ties(const json_t *event)
{
    static const char *const ties[] = {"cancels", "corrects", "acknowledges", "cancelled_by",
                                       "corrected_by"};
    static const char *const words[] = {"cancels", "corrects", "acknowledges", "CANCELLED by",
                                        "CORRECTED by"};
    (void)printf("  [%s", rg_words_text(event, "entry"));
    for (size_t i = 0; i < sizeof ties / sizeof ties[0]; i++) {
        const char *place = rg_words_text(event, ties[i]);
        if (place[0] != '\0') {
            (void)printf(", %s %s", words[i], place);
        }
    }
    (void)printf("]");
}

/* By which events a rule is violated: their numbers, and the step of the first. */
static void print_violation(const json_t *c, const json_t *rule)
{
    const json_t *events = json_object_get(rule, "events");
    const json_int_t count = json_integer_value(json_object_get(rule, "violations"));
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_int_t no = json_integer_value(json_array_get(events, i));
        if (no < 0) {
            (void)printf("%s by the case as a whole", i == 0 ? "" : ",");
        } else {
            (void)printf("%s by event %lld", i == 0 ? "" : ",", (long long)no);
        }
    }
    if (json_array_size(events) == 1 && !json_is_true(json_object_get(c, "truncated"))) {
        const json_int_t no = json_integer_value(json_array_get(events, 0));
        const json_t *event =
            no < 0 ? NULL : json_array_get(json_object_get(c, "events"), (size_t)no);
        (void)printf("%s%s", event != NULL ? ", " : "", rg_words_text(event, "step"));
    }
    if (count > (json_int_t)json_array_size(events)) {
        (void)printf(" (%lld times)", (long long)count);
    }
}

static void print_rule(const json_t *c, const json_t *rule, int width)
{
    const char *state = rg_words_text(rule, "state");
    const bool violated = strcmp(state, "violated") == 0;
    const bool pending = strcmp(state, "pending") == 0;
    const json_t *by = json_object_get(rule, "by");
    const char *due = rg_words_text(rule, "due");
    (void)printf("  %-*s %s%-9s%s", width, rg_words_text(rule, "rule"),
                 rg_say_colour(violated  ? "red"
                               : pending ? "yellow"
                                         : "green"),
                 state, rg_say_colour("off"));
    if (violated) {
        print_violation(c, rule);
    } else if (pending) {
        (void)printf(" %s%s", due[0] != '\0' ? "until " : "without a deadline", due);
        for (size_t i = 0; i < json_array_size(by); i++) {
            (void)printf("%s%s", i == 0 ? ", turn of " : " or ",
                         json_string_value(json_array_get(by, i)));
        }
    } else {
        (void)printf(" %s",
                     json_is_true(json_object_get(rule, "permanent")) ? "for good" : "so far");
    }
    /* What the definition says of a breach: of no use before. */
    const char *message = violated ? rg_words_of(json_object_get(rule, "message")) : "";
    (void)printf("%s%s\n", message[0] != '\0' ? "  " : "", message);
}

/* The rules that concern the case; of the others how many there are. */
static void print_rules(const json_t *c)
{
    const json_t *rules = json_object_get(c, "rules");
    const int width = rg_words_width(rules, "rule", 10);
    size_t inactive = 0;
    size_t i = 0;
    const json_t *rule = NULL;
    if (json_array_size(rules) > 0) {
        (void)printf("rules\n");
    }
    json_array_foreach(rules, i, rule)
    {
        if (strcmp(rg_words_text(rule, "state"), "inactive") == 0) {
            inactive++;
        } else {
            print_rule(c, rule, width);
        }
    }
    if (inactive > 0) {
        (void)printf("  %zu more have nothing to say about this case yet\n", inactive);
    }
}

static void print_table(const json_t *c)
{
    size_t i = 0;
    const json_t *item = NULL;
    (void)printf("case %s%s\n", rg_words_text(c, "pseudonym"),
                 json_is_true(json_object_get(c, "truncated")) ? " (only the last part)" : "");
    json_array_foreach(json_object_get(c, "events"), i, item)
    {
        const char *key = NULL;
        json_t *value = NULL;
        const char *step = rg_words_text(item, "step");
        (void)printf("  %s  %-34s %-10s", rg_words_text(item, "occurred_at"),
                     step[0] != '\0' ? step : "-", rg_words_text(item, "agency"));
        json_object_foreach(json_object_get(item, "fields"), key, value)
        {
            (void)printf(" %s=%s", key, json_string_value(value));
        }
        print_ties(item);
        (void)printf("\n");
    }
    if (json_array_size(json_object_get(c, "continue")) > 0) {
        (void)printf("what may come next\n");
    }
    json_array_foreach(json_object_get(c, "continue"), i, item)
    {
        (void)printf("  %s (step %s, rule %s)\n", rg_words_of(json_object_get(item, "text")),
                     rg_words_text(item, "step"), rg_words_text(item, "rule"));
    }
    print_rules(c);
    if (json_array_size(json_object_get(c, "alerts")) > 0) {
        (void)printf("open alerts\n");
    }
    json_array_foreach(json_object_get(c, "alerts"), i, item)
    {
        print_alert(item);
    }
}

static int show(const struct rg_cli *cli, const struct rg_answer_case *c)
{
    struct rg_arena arena = {0};
    if (rg_arena_init(&arena, 64 * 1024) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    json_t *object = case_json(c, &arena);
    rg_arena_fini(&arena);
    if (cli->json || object == NULL) {
        return rg_status_json_line(object);
    }
    print_table(object);
    json_decref(object);
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_answer answer = {0};
    struct rg_id pseudonym = {{0}};
    const char *file_number = cli->arg_count > 0 ? cli->args[0] : NULL;
    const char *text = rg_opts_get(cli, "pseudonym");
    if ((file_number == NULL) == (text == NULL)) {
        rg_say_error("name the case: either FILE-NO or --pseudonym");
        return RG_CLI_USAGE;
    }
    if (text != NULL && rg_hex_parse(text, pseudonym.b, RG_ID_BYTES) != RG_OK) {
        rg_say_error("--pseudonym %s: a pseudonym has 32 hexadecimal digits", text);
        return RG_CLI_USAGE;
    }
    int code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = rg_session_case(session, file_number, text != NULL ? &pseudonym : NULL, &answer) ==
                       RG_OK
                   ? show(cli, &answer.case_file)
                   : rg_say_session(session);
    }
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"pseudonym", "HEX", "the case with this pseudonym instead of a file number"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_case = {
    .name = "case",
    .args = "FILE-NO",
    .summary = "history of a case, what may come next, how each rule stands, open alerts",
    .detail =
        "Shows what all agencies recorded about a case that mine may read; what should come next, "
        "whose turn it is and until when; each rule of the process definition that concerns "
        "the case: satisfied (so far, or for good), pending, or violated and by which event; "
        "and the alerts that are open, with who has acknowledged them.",
    .options = options,
    .examples = {"reigen case AZ-1",
                 "reigen case --pseudonym 00112233445566778899aabbccddeeff --json"},
    .max_args = 1,
    .run = run,
};
