#include "rules/lua.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "rules/hostmsg.h"
#include "rules/lua_box.h"
#include "rules/soll.h"
#include "rules/utf8.h"

/* The state of a case: u16 format, u64 tag, u64 events, u64 due, u8 followed, sized state of the
 * script, then that of `soll`. */
#define FORMAT 0x4C31 /* `soll` counts from 1 */
#define HEAD (2 + 8 + 8 + 8 + 1 + 4)
#define TOLD_MAX 100 /* lines on stderr */

_Static_assert(HEAD + RG_LUA_BOX_STATE_MAX < RG_HOSTMSG_STATE_MAX / 2, "soll has most of it");

struct lua {
    const struct rg_rules_module *soll;
    void *soll_instance;
    struct rg_lua_box *box;
    uint64_t tag;
    uint32_t rule_count;
    uint32_t told;
    /* The case under way. */
    const struct rg_rules_host *host;
    struct rg_rules_host inner; /* what `soll` is offered */
    struct rg_bytes soll_state;
    int64_t soll_due_ms;
    uint64_t event_count;
    int64_t due_ms; /* the script's */
    bool full;
    bool followed; /* the script did not fail on this case */
    uint8_t out[RG_HOSTMSG_STATE_MAX];
    size_t soll_len; /* of its new state, in the upper part of @out */
};

/* The ABI has one module a process and hands it nothing when it opens. */
static struct {
    uint8_t *text;
    size_t len;
    char name[RG_LUA_BOX_NAME_MAX + 1];
} script;

/* What `soll` may call: passed on, but for state and timer. */

static void on_emit(void *ctx, const struct rg_rules_alert *alert)
{
    const struct lua *m = ctx;
    m->host->emit(m->host->ctx, alert);
}

static void on_duty(void *ctx, const struct rg_rules_duty *duty)
{
    const struct lua *m = ctx;
    m->host->duty(m->host->ctx, duty);
}

static void on_verdict(void *ctx, const struct rg_rules_verdict *verdict)
{
    const struct lua *m = ctx;
    m->host->verdict(m->host->ctx, verdict);
}

static const uint8_t *on_state_get(void *ctx, size_t *len)
{
    const struct lua *m = ctx;
    *len = m->soll_state.len;
    return m->soll_state.data;
}

static int on_state_put(void *ctx, const uint8_t *data, size_t len)
{
    struct lua *m = ctx;
    if (m->full) {
        return m->host->state_put(m->host->ctx, data, len);
    }
    if (len > m->inner.state_max) {
        return -1;
    }
    m->soll_len = len;
    if (len > 0) {
        memcpy(m->out + HEAD + RG_LUA_BOX_STATE_MAX, data, len);
    }
    return 0;
}

static void on_timer_set(void *ctx, int64_t due_ms)
{
    struct lua *m = ctx;
    m->soll_due_ms = due_ms;
}

/* The module. */

static void lua_close(void *instance)
{
    struct lua *m = instance;
    if (m->soll_instance != NULL) {
        m->soll->close(m->soll_instance);
    }
    rg_lua_box_close(&m->box);
    free(m);
}

static int lua_open(const uint8_t *definition, size_t len, void **instance, char *err)
{
    struct rg_rules_about about = {{"", 0}, 0, 0};
    char text[RG_LUA_BOX_TEXT_MAX] = "";
    struct lua *m = calloc(1, sizeof *m);
    if (m == NULL) {
        (void)snprintf(err, RG_RULES_ERROR_MAX, "out of memory");
        return RG_RULES_LIMIT;
    }
    m->soll = rg_soll_module();
    const int rc = m->soll->open(definition, len, &m->soll_instance, err);
    if (rc != RG_RULES_OK) {
        m->soll_instance = NULL;
        lua_close(m);
        return rc;
    }
    const struct rg_bytes bytes = {script.text, script.len};
    const rg_err e = rg_lua_box_open(script.name, bytes, &m->box, text);
    if (e != RG_OK) {
        (void)snprintf(err, RG_RULES_ERROR_MAX, "%s", text);
        lua_close(m);
        return e == RG_ERR_NOMEM ? RG_RULES_LIMIT : RG_RULES_BAD_DEFINITION;
    }
    m->soll->about(m->soll_instance, &about);
    m->rule_count = about.rule_count;
    m->tag = rg_soll_tag(RG_SOLL_TAG, script.text, script.len);
    m->tag = rg_soll_tag(m->tag, definition, len);
    m->inner = (struct rg_rules_host){.abi = RG_RULES_ABI,
                                      .ctx = m,
                                      .emit = on_emit,
                                      .duty = on_duty,
                                      .verdict = on_verdict,
                                      .state_get = on_state_get,
                                      .state_put = on_state_put,
                                      .timer_set = on_timer_set};
    *instance = m;
    return RG_RULES_OK;
}

static void lua_about(void *instance, struct rg_rules_about *out)
{
    const struct lua *m = instance;
    m->soll->about(m->soll_instance, out);
}

/* One case. */

/* `FILE:LINE` of what the script said last, or `FILE`. */
static struct rg_rules_text place_of(const char *text)
{
    const size_t name = strlen(script.name);
    size_t len = name;
    if (strncmp(text, script.name, name) == 0 && text[name] == ':') {
        len += 1 + strspn(text + name + 1, "0123456789");
    }
    return len > name + 1 && len <= RG_NAME_MAX ? (struct rg_rules_text){text, len}
                                                : (struct rg_rules_text){script.name, name};
}

/* The script failed on this case: say where, and do without it from here on. */
static void give_up(struct lua *m, const struct rg_lua_box_call *call)
{
    const char *text = rg_lua_box_text(m->box);
    const struct rg_rules_alert a = {.rule = m->rule_count,
                                     .id = place_of(text),
                                     .severity = RG_RULES_SYSTEM,
                                     .state = RG_RULES_RAISED,
                                     .event_no = call->event_no,
                                     .due_ms = RG_RULES_NEVER,
                                     .step = call->step};
    m->followed = false;
    m->due_ms = RG_RULES_NEVER;
    m->host->emit(m->host->ctx, &a);
    if (m->told < TOLD_MAX) {
        m->told++;
        (void)fprintf(stderr, "reigen-rules: %s\n", text);
    }
}

/* Read our part of the state; false when it is not of this script and definition. */
static bool read_state(struct lua *m, struct rg_bytes state, struct rg_bytes *own)
{
    struct rg_reader r = rg_bytes_reader(state);
    const uint16_t format = rg_bytes_get_u16(&r);
    const uint64_t tag = rg_bytes_get_u64(&r);
    const uint64_t events = rg_bytes_get_u64(&r);
    const uint64_t due = rg_bytes_get_u64(&r);
    const uint8_t followed = rg_bytes_get_u8(&r);
    *own = rg_bytes_get_sized(&r, RG_LUA_BOX_STATE_MAX);
    if (r.failed || format != FORMAT || tag != m->tag || events > INT32_MAX ||
        due > (uint64_t)INT64_MAX || followed > 1 || rg_bytes_left(&r) == 0) {
        return false;
    }
    m->event_count = events;
    m->due_ms = (int64_t)due;
    m->followed = followed == 1;
    m->soll_state = rg_bytes_get_range(&r, rg_bytes_left(&r));
    return true;
}

static int lua_begin(void *instance, const struct rg_rules_host *host, uint32_t flags)
{
    struct lua *m = instance;
    struct rg_bytes own = {NULL, 0};
    size_t len = 0;
    const uint8_t *data = host->state_get(host->ctx, &len);
    m->host = host;
    m->full = (flags & RG_RULES_FULL) != 0;
    m->inner.state_max =
        m->full ? host->state_max : (uint32_t)(sizeof m->out - HEAD - RG_LUA_BOX_STATE_MAX);
    m->soll_state = (struct rg_bytes){data, len};
    m->soll_due_ms = RG_RULES_NEVER;
    m->soll_len = 0;
    m->event_count = 0;
    m->due_ms = RG_RULES_NEVER;
    m->followed = !m->full;
    if (!m->full && len > 0 && !read_state(m, (struct rg_bytes){data, len}, &own)) {
        return RG_RULES_BAD_STATE;
    }
    if (m->followed) {
        const rg_err e = rg_lua_box_begin(m->box, own);
        if (e != RG_OK) { /* it ran when it was opened, and will run again */
            return e == RG_ERR_CORRUPT ? RG_RULES_BAD_STATE : RG_RULES_LIMIT;
        }
    }
    return m->soll->begin(m->soll_instance, &m->inner, flags);
}

static struct rg_lua_box_call call_of(const struct lua *m, int64_t event_no,
                                      struct rg_rules_text step)
{
    return (struct rg_lua_box_call){.host = m->host,
                                    .rule = m->rule_count,
                                    .event_count = (int64_t)m->event_count,
                                    .event_no = event_no,
                                    .step = step,
                                    .due_ms = m->due_ms};
}

static void called(struct lua *m, const struct rg_lua_box_call *call, rg_err e)
{
    m->due_ms = call->due_ms;
    if (e != RG_OK) {
        give_up(m, call);
    }
}

static int lua_entry(void *instance, const struct rg_rules_host *host,
                     const struct rg_rules_entry *entry)
{
    struct lua *m = instance;
    m->host = host;
    const int rc = m->soll->entry(m->soll_instance, &m->inner, entry);
    m->event_count++;
    if (m->followed && (entry->flags & RG_RULES_VOID) == 0) {
        struct rg_lua_box_call call = call_of(m, (int64_t)m->event_count - 1, entry->step);
        called(m, &call, rg_lua_box_entry(m->box, &call, entry));
    }
    return rc;
}

static int lua_tick(void *instance, const struct rg_rules_host *host, int64_t time_ms)
{
    struct lua *m = instance;
    m->host = host;
    const int rc = m->soll->tick(m->soll_instance, &m->inner, time_ms);
    if (m->followed && time_ms > m->due_ms) {
        m->due_ms = RG_RULES_NEVER;
        struct rg_lua_box_call call =
            call_of(m, RG_RULES_WHOLE_CASE, (struct rg_rules_text){"", 0});
        called(m, &call, rg_lua_box_tick(m->box, &call, time_ms));
    }
    return rc;
}

static int lua_next(void *instance, const struct rg_rules_host *host)
{
    struct lua *m = instance;
    m->host = host;
    const int rc = m->soll->next(m->soll_instance, &m->inner);
    if (m->followed) {
        struct rg_lua_box_call call =
            call_of(m, RG_RULES_WHOLE_CASE, (struct rg_rules_text){"", 0});
        if (rg_lua_box_duties(m->box, &call) != RG_OK) {
            give_up(m, &call);
        }
    }
    return rc;
}

static int lua_finish(void *instance, const struct rg_rules_host *host, int64_t as_of_ms)
{
    struct lua *m = instance;
    m->host = host;
    return m->soll->finish(m->soll_instance, &m->inner, as_of_ms);
}

static int lua_end(void *instance, const struct rg_rules_host *host)
{
    struct lua *m = instance;
    m->host = host;
    const int rc = m->soll->end(m->soll_instance, &m->inner);
    if (rc != RG_RULES_OK) {
        return rc;
    }
    host->timer_set(host->ctx, m->soll_due_ms < m->due_ms ? m->soll_due_ms : m->due_ms);
    if (m->full) {
        return RG_RULES_OK;
    }
    const struct rg_bytes own = m->followed ? rg_lua_box_state(m->box) : (struct rg_bytes){NULL, 0};
    struct rg_writer w = rg_bytes_writer(m->out, HEAD + RG_LUA_BOX_STATE_MAX);
    rg_bytes_put_u16(&w, FORMAT);
    rg_bytes_put_u64(&w, m->tag);
    rg_bytes_put_u64(&w, m->event_count);
    rg_bytes_put_u64(&w, (uint64_t)m->due_ms);
    rg_bytes_put_u8(&w, m->followed ? 1 : 0);
    rg_bytes_put_sized(&w, own);
    memmove(m->out + w.len, m->out + HEAD + RG_LUA_BOX_STATE_MAX, m->soll_len);
    return host->state_put(host->ctx, m->out, w.len + m->soll_len) == 0 ? RG_RULES_OK
                                                                        : RG_RULES_LIMIT;
}

/* The name for texts: that of the file without its folder, unless that would not do in an alert. */
static void name_script(const char *path)
{
    const char *slash = strrchr(path, '/');
    const struct rg_bytes name = rg_bytes_str(slash == NULL ? path : slash + 1);
    const bool usable = name.len <= RG_LUA_BOX_NAME_MAX && rg_utf8_is_text(name);
    (void)snprintf(script.name, sizeof script.name, "%s",
                   usable ? (const char *)name.data : "script.lua");
}

const struct rg_rules_module *rg_lua_module(const char *path, char *err)
{
    static const struct rg_rules_module module = {.abi = RG_RULES_ABI,
                                                  .name = "lua",
                                                  .open = lua_open,
                                                  .close = lua_close,
                                                  .about = lua_about,
                                                  .begin = lua_begin,
                                                  .entry = lua_entry,
                                                  .tick = lua_tick,
                                                  .next = lua_next,
                                                  .finish = lua_finish,
                                                  .end = lua_end};
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        (void)snprintf(err, RG_RULES_ERROR_MAX, "%s: %s", path, strerror(errno));
        return NULL;
    }
    uint8_t *text = malloc(RG_LUA_SCRIPT_MAX + 1);
    const size_t len = text == NULL ? 0 : fread(text, 1, RG_LUA_SCRIPT_MAX + 1, f);
    const bool read = text != NULL && ferror(f) == 0 && len <= RG_LUA_SCRIPT_MAX;
    (void)fclose(f);
    if (!read) {
        free(text);
        (void)snprintf(err, RG_RULES_ERROR_MAX, "%s: no text of at most %zu bytes", path,
                       RG_LUA_SCRIPT_MAX);
        return NULL;
    }
    free(script.text);
    script.text = text;
    script.len = len;
    name_script(path);
    return &module;
}
