#include "node/cli/status_json.h"
#include "base/hex.h"
#include "node/cli/cli.h"
#include "node/cli/say.h"
#include <stdio.h>

json_t *rg_status_json_text(struct rg_bytes b)
{
    json_t *s = json_stringn(b.len == 0 ? "" : (const char *)b.data, b.len);
    return s != NULL ? s : json_string("?");
}

json_t *rg_status_json_hex(const uint8_t *data, size_t len)
{
    char hex[2 * 64 + 1];
    if (len > 64) {
        return NULL;
    }
    rg_hex_format(data, len, hex);
    return json_string(hex);
}

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)(v > INT64_MAX ? INT64_MAX : v));
}

static json_t *authority(const struct rg_answer_authority *a)
{
    return json_pack("{s:o,s:o,s:b,s:o,s:I,s:o,s:o,s:b}", "name", rg_status_json_text(a->name),
                     "agency", rg_status_json_text(a->agency), "live", (int)a->live, "missed_turns",
                     number(a->missed_turns), "clock_offset_ms", (json_int_t)a->clock_offset_ms,
                     "height", number(a->height), "silent_ms", number(a->silent_ms), "cut",
                     (int)a->cut);
}

json_t *rg_status_json_make(const struct rg_answer_status *s)
{
    json_t *list = json_array();
    json_t *differ = json_array();
    for (uint32_t i = 0; i < s->authority_count; i++) {
        (void)json_array_append_new(list, authority(&s->authorities[i]));
    }
    for (uint32_t i = 0; i < s->differ_count; i++) {
        (void)json_array_append_new(differ, rg_status_json_text(s->differ[i]));
    }
    json_t *stalled = s->stalled.len == 0 ? json_null() : rg_status_json_text(s->stalled);
    json_t *warning = s->warning.len == 0 ? json_null() : rg_status_json_text(s->warning);
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o,s:o},s:{s:o,s:o},s:o,s:i,s:o,s:o,"
        "s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:b,s:i,s:o,s:I,s:o}",
        "ledger", rg_status_json_text(s->ledger), "ledger_id",
        rg_status_json_hex(s->ledger_id.b, RG_HASH_BYTES), "node", rg_status_json_text(s->node),
        "agency", rg_status_json_text(s->agency), "height", number(s->height), "hash",
        rg_status_json_hex(s->hash.b, RG_HASH_BYTES), "digest",
        rg_status_json_hex(s->digest.b, RG_HASH_BYTES), "epoch", number(s->epoch), "view",
        number(s->view), "lag_ms", number(s->lag_ms), "rules", "height", number(s->rules_height),
        "parked", number(s->rules_parked), "compared", number(s->rules_compared), "differ", differ,
        "bus", "frames", number(s->bus_frames), "refused", number(s->bus_refused), "authorities",
        list, "quorum", (int)s->quorum, "stalled", stalled, "warning", warning, "mempool",
        number(s->mempool), "time_ms", number(s->time_ms), "pid", (int)s->pid, "memory_kib",
        number(s->memory_kib), "cpu_ms", number(s->cpu_ms), "keys_unacknowledged",
        number(s->keys_unacknowledged), "alerts_logseq", number(s->alerts_logseq), "mute",
        (int)s->mute, "motions", (int)s->motions, "process", rg_status_json_text(s->process),
        "version", (json_int_t)s->version, "version_from", number(s->version_from));
}

int rg_status_json_line(json_t *object)
{
    if (object == NULL) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    const int rc = json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    (void)fputc('\n', stdout);
    if (rc != 0 || fflush(stdout) != 0) {
        rg_say_error("cannot write to the output");
        return RG_CLI_DISK;
    }
    return RG_CLI_OK;
}

int rg_status_json_print(const struct rg_answer_status *s)
{
    return rg_status_json_line(rg_status_json_make(s));
}
