#include "node/cli/one_event.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "client/pipeline.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "rules/definition.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int64_t rg_one_event_now(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int rg_one_event_fields(const struct rg_cli *cli, struct rg_event *e)
{
    const char *field = NULL;
    const uint32_t before = e->field_count;
    for (size_t i = 0; (field = rg_opts_nth(cli, "field", i)) != NULL; i++) {
        const char *equals = strchr(field, '=');
        uint32_t at = 0;
        if (equals == NULL || equals == field) {
            rg_say_error("--field %s: write it as NAME=VALUE", field);
            return RG_CLI_USAGE;
        }
        const struct rg_bytes name = {(const uint8_t *)field, (size_t)(equals - field)};
        while (at < before && !rg_bytes_eq(e->fields[at].name, name)) {
            at++;
        }
        at = at < before ? at : e->field_count;
        if (at == RG_FIELDS_MAX) {
            rg_say_error("--field: at most %d fields", RG_FIELDS_MAX);
            return RG_CLI_INPUT;
        }
        e->fields[at].name = name;
        e->fields[at].value = rg_bytes_str(equals + 1);
        e->field_count += at == e->field_count ? 1 : 0;
    }
    return RG_CLI_OK;
}

/* Judge the event by the node's definition before anything is sent. */
int rg_one_event_check(const struct rg_profile *p, struct rg_session *s, const struct rg_event *e)
{
    struct rg_answer a = {0};
    struct rg_definition *def = NULL;
    char text[RG_DEFINITION_ERROR_MAX];
    if (rg_session_definition(s, &a) != RG_OK) {
        return rg_say_session(s);
    }
    if (rg_definition_parse("definition", a.definition, &def, text) != RG_OK) {
        rg_say_error("the node's process definition cannot be read here: %s", text);
        return RG_CLI_INTERNAL;
    }
    int code = RG_CLI_OK;
    if (!rg_definition_has_step(def, e->step)) {
        rg_say_error(
            "--step %.*s: process `%s` has no such step; `reigen case` shows what may come "
            "next",
            (int)e->step.len, (const char *)e->step.data, def->process);
        code = RG_CLI_INPUT;
    } else if (!rg_definition_may_write(def, e->step, rg_bytes_str(p->agency))) {
        rg_say_error("--step %.*s: agency %s may not record this step in process `%s`",
                     (int)e->step.len, (const char *)e->step.data, p->agency, def->process);
        code = RG_CLI_DENIED;
    }
    for (uint32_t i = 0; code == RG_CLI_OK && i < e->field_count; i++) {
        const struct rg_event_field *f = &e->fields[i];
        const char *why = "no such field in the process definition";
        if (rg_definition_check_field(def, f->name, f->value, &why) != RG_OK) {
            rg_say_error("--field %.*s: %s", (int)f->name.len, (const char *)f->name.data, why);
            code = RG_CLI_INPUT;
        }
    }
    rg_definition_destroy(&def);
    return code;
}

/* Nothing was to be done: somebody acknowledged the alert before. */
static int print_acknowledged(const struct rg_cli *cli)
{
    if (cli->json) {
        return rg_status_json_line(json_pack("{s:n,s:i}", "height", "events", 0));
    }
    (void)printf("acknowledged before; nothing was recorded\n");
    return RG_CLI_OK;
}

static int print_result(const struct rg_cli *cli, const struct rg_event *e,
                        const struct rg_pipeline_totals *t)
{
    char pseudonym[2 * RG_ID_BYTES + 1];
    char hash[2 * RG_HASH_BYTES + 1];
    if (t->taken == 0 && t->resent == 0 && e->about.kind == RG_ABOUT_ACKNOWLEDGE) {
        return print_acknowledged(cli);
    }
    if (t->taken == 0 && t->resent == 0) {
        rg_say_error("this was handed in before and is recorded once; see `reigen case`");
        return RG_CLI_NO;
    }
    rg_hex_format(t->pseudonym.b, RG_ID_BYTES, pseudonym);
    rg_hex_format(t->submission.b, RG_HASH_BYTES, hash);
    if (cli->json) {
        return rg_status_json_line(
            json_pack("{s:s,s:s,s:o,s:I}", "pseudonym", pseudonym, "submission", hash, "height",
                      t->last_height == 0 ? json_null() : json_integer((json_int_t)t->last_height),
                      "events", (json_int_t)t->taken));
    }
    (void)printf("pseudonym   %s\nsubmission  %s\n", pseudonym, hash);
    if (t->last_height > 0) {
        (void)printf("height      %" PRIu64 " (final)\n", t->last_height);
    } else {
        (void)printf("height      taken by the node, not yet final (use --wait)\n");
    }
    return RG_CLI_OK;
}

int rg_one_event_send(const struct rg_cli *cli, struct rg_session *s, const struct rg_event *e,
                      const struct rg_id *stream, const struct rg_id *link)
{
    struct rg_pipeline *pipe = NULL;
    struct rg_arena arena = {0};
    struct rg_bytes bytes = {NULL, 0};
    const char *file = rg_opts_get(cli, "case");
    const struct rg_bytes file_number = rg_bytes_str(file == NULL ? "" : file);
    const struct rg_pipeline_config config = {
        .stream = *stream, .window = 1, .wait = rg_opts_has(cli, "wait"), .stop = &rg_say_stop};
    if (rg_arena_init(&arena, 64 * 1024) != RG_OK ||
        rg_ledger_codec_encode_event(&arena, e, &bytes) != RG_OK ||
        rg_pipeline_new(s, &config, &pipe) != RG_OK) {
        rg_say_error("the event cannot be encoded");
        rg_arena_fini(&arena);
        return RG_CLI_INPUT;
    }
    const struct rg_pipeline_batch batch = {&bytes, &file_number, 1, link};
    rg_err err = rg_pipeline_push(pipe, &batch);
    if (err == RG_OK) {
        err = rg_pipeline_finish(pipe);
    }
    const int code =
        err == RG_OK ? print_result(cli, e, rg_pipeline_totals(pipe)) : rg_say_session(s);
    rg_pipeline_destroy(&pipe);
    rg_arena_fini(&arena);
    return code;
}
