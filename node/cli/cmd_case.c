#include "base/arena.h"
#include "base/hex.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
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

static json_t *duty_json(const struct rg_answer_duty *d)
{
    json_t *by = json_array();
    for (uint32_t i = 0; i < d->by_count; i++) {
        (void)json_array_append_new(by, rg_status_json_text(d->by[i]));
    }
    return json_pack("{s:o,s:o,s:o,s:o}", "rule", rg_status_json_text(d->rule), "step",
                     rg_status_json_text(d->step), "by", by, "due",
                     d->due_ms == 0 ? json_null() : time_json((int64_t)d->due_ms));
}

static json_t *case_json(const struct rg_answer_case *c, struct rg_arena *arena)
{
    json_t *events = json_array();
    json_t *duties = json_array();
    json_t *alerts = json_array();
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
    return json_pack("{s:o,s:o,s:o,s:o,s:b}", "pseudonym",
                     rg_status_json_hex(c->pseudonym.b, RG_ID_BYTES), "events", events, "continue",
                     duties, "alerts", alerts, "truncated", (int)c->truncated);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *t = json_string_value(json_object_get(object, key));
    return t == NULL ? "" : t;
}

static void print_alert(const json_t *alert)
{
    const json_t *data = json_object_get(alert, "data");
    const char *severity = text_of(data, "severity");
    const json_t *message = json_object_get(data, "message");
    const char *de = message != NULL ? text_of(message, "de") : text_of(data, "message.de");
    const json_t *who = json_object_get(data, "acknowledged");
    (void)printf("  %s%-8s%s %-6s event %lld ",
                 rg_say_colour(strcmp(severity, "critical") == 0 ? "red" : "yellow"), severity,
                 rg_say_colour("off"), text_of(data, "rule"),
                 (long long)json_integer_value(json_object_get(data, "event_no")));
    if (strcmp(text_of(data, "state"), "raised") != 0) {
        (void)printf(" %s", text_of(data, "state"));
    }
    if (who != NULL) {
        (void)printf(" by %s/%s", text_of(who, "agency"), text_of(who, "member"));
    }
    (void)printf(" %s [%s]\n", de, text_of(data, "alert"));
}

/* The entry's own name, and its ties to others. */
static void print_ties(const json_t *event)
{
    static const char *const ties[] = {"cancels", "corrects", "acknowledges", "cancelled_by",
                                       "corrected_by"};
    static const char *const words[] = {"cancels", "corrects", "acknowledges", "CANCELLED by",
                                        "CORRECTED by"};
    (void)printf("  [%s", text_of(event, "entry"));
    for (size_t i = 0; i < sizeof ties / sizeof ties[0]; i++) {
        const char *place = text_of(event, ties[i]);
        if (place[0] != '\0') {
            (void)printf(", %s %s", words[i], place);
        }
    }
    (void)printf("]");
}

static void print_table(const json_t *c)
{
    size_t i = 0;
    const json_t *item = NULL;
    (void)printf("case %s%s\n", text_of(c, "pseudonym"),
                 json_is_true(json_object_get(c, "truncated")) ? " (only the last part)" : "");
    json_array_foreach(json_object_get(c, "events"), i, item)
    {
        const char *key = NULL;
        json_t *value = NULL;
        const char *step = text_of(item, "step");
        (void)printf("  %s  %-34s %-10s", text_of(item, "occurred_at"),
                     step[0] != '\0' ? step : "-", text_of(item, "agency"));
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
        const char *due = text_of(item, "due");
        (void)printf("  %-34s %s%s (rule %s)\n", text_of(item, "step"),
                     due[0] != '\0' ? "until " : "", due, text_of(item, "rule"));
    }
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
    .summary = "history of a case, what may come next, open alerts",
    .detail = "Shows what all agencies recorded about a case that mine may read, what should come "
              "next and until when, and the alerts that are open.",
    .options = options,
    .examples = {"reigen case AZ-1",
                 "reigen case --pseudonym 00112233445566778899aabbccddeeff --json"},
    .max_args = 1,
    .run = run,
};
