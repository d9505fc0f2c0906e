#include "rules/lua_box.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "rules/lua_prelude.h"
#include "rules/utf8.h"

#define HOOK_STEPS 1000 /* instructions between two looks at the cap */
#define AGENCIES_MAX 4096

/* Keys of the registry, which no script can reach. */
enum slot {
    SLOT_ENVIRONMENT, /* makes globals; see lua_prelude.lua */
    SLOT_ENCODE,
    SLOT_DECODE,
    SLOT_SCRIPT,  /* the script's text as a function */
    SLOT_GLOBALS, /* of the case */
    SLOT_STATE,   /* of the case */
    SLOTS,
};
static const char slots[SLOTS];

struct rg_lua_box {
    lua_State *lua;
    size_t used;
    size_t allocated; /* in the call under way */
    uint32_t steps;   /* as well */
    char name[RG_LUA_BOX_NAME_MAX + 2];
    struct rg_bytes script;       /* while opening */
    struct rg_bytes given;        /* a state to read */
    struct rg_lua_box_call *call; /* NULL: nothing may be said */
    const struct rg_rules_entry *entry;
    int64_t time_ms;
    uint8_t state[RG_LUA_BOX_STATE_MAX];
    size_t state_len;
    char text[RG_LUA_BOX_TEXT_MAX];
};

static struct rg_lua_box *box_of(lua_State *lua)
{
    return *(struct rg_lua_box **)lua_getextraspace(lua);
}

static void get_slot(lua_State *lua, enum slot s)
{
    (void)lua_rawgetp(lua, LUA_REGISTRYINDEX, &slots[s]);
}

/* Take what is on top of the stack. */
static void set_slot(lua_State *lua, enum slot s)
{
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &slots[s]);
}

static void *allocate(void *ctx, void *p, size_t old, size_t size)
{
    struct rg_lua_box *b = ctx;
    const size_t had = p == NULL ? 0 : old;
    if (size == 0) {
        free(p);
        b->used -= had;
        return NULL;
    }
    if (size > had && (size - had > RG_LUA_BOX_MEMORY_MAX - b->used ||
                       size > RG_LUA_BOX_ALLOCATED_MAX - b->allocated)) {
        return NULL;
    }
    void *q = realloc(p, size);
    if (q == NULL) {
        return NULL;
    }
    b->allocated += size > had ? size : 0;
    b->used += size;
    b->used -= had;
    return q;
}

static void on_steps(lua_State *lua, lua_Debug *ar)
{
    struct rg_lua_box *b = box_of(lua);
    (void)ar;
    b->steps += HOOK_STEPS;
    if (b->steps > RG_LUA_BOX_STEPS_MAX) {
        luaL_where(lua, 0);
        (void)lua_pushfstring(lua, "more than %d steps", RG_LUA_BOX_STEPS_MAX);
        lua_concat(lua, 2);
        (void)lua_error(lua);
    }
}

/* Run @f with the caps of one call; it finds the box by its interpreter. */
static rg_err guarded(struct rg_lua_box *b, lua_CFunction f)
{
    lua_State *lua = b->lua;
    b->allocated = 0;
    b->steps = 0;
    b->text[0] = '\0';
    lua_settop(lua, 0);
    lua_sethook(lua, on_steps, LUA_MASKCOUNT, HOOK_STEPS);
    lua_pushcfunction(lua, f);
    if (lua_pcall(lua, 0, 0, 0) == LUA_OK) {
        return RG_OK;
    }
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : NULL;
    text = text == NULL ? "error() without a text" : text;
    const char *name = b->name + 1;
    const size_t len = strlen(name);
    const bool named = strncmp(text, name, len) == 0 && text[len] == ':';
    (void)snprintf(b->text, sizeof b->text, "%s%s%s", named ? "" : name, named ? "" : ": ", text);
    lua_settop(lua, 0);
    return RG_ERR_INVALID;
}

/* What a script may call. */

static struct rg_lua_box_call *call_of(lua_State *lua)
{
    struct rg_lua_box_call *c = box_of(lua)->call;
    if (c == NULL) {
        (void)luaL_error(lua, "only entry, tick and duties may say something");
    }
    luaL_checktype(lua, 1, LUA_TTABLE);
    return c;
}

/* The text under @key of the table given; it stays on the stack, which keeps it alive. */
static struct rg_rules_text get_text(lua_State *lua, const char *key, size_t min, size_t max)
{
    struct rg_rules_text t = {"", 0};
    const int type = lua_getfield(lua, 1, key);
    if (type == LUA_TSTRING) {
        t.data = lua_tolstring(lua, -1, &t.len);
    }
    if ((type != LUA_TSTRING && type != LUA_TNIL) || t.len < min || t.len > max ||
        !rg_utf8_is_text((struct rg_bytes){(const uint8_t *)t.data, t.len})) {
        (void)luaL_error(lua, "%s: a text of %d to %d bytes is needed", key, (int)min, (int)max);
    }
    return t;
}

static int64_t get_number(lua_State *lua, const char *key, int64_t otherwise, int64_t min,
                          int64_t max)
{
    int whole = 1;
    lua_Integer v = otherwise;
    if (lua_getfield(lua, 1, key) != LUA_TNIL) {
        v = lua_tointegerx(lua, -1, &whole);
    }
    lua_pop(lua, 1);
    if (whole == 0 || (v != otherwise && (v < min || v > max))) {
        (void)luaL_error(lua, "%s: a whole number from %I to %I is needed", key, (LUAI_UACINT)min,
                         (LUAI_UACINT)max);
    }
    return v;
}

static uint32_t get_severity(lua_State *lua)
{
    const struct rg_rules_text t = get_text(lua, "severity", 0, RG_NAME_MAX);
    if (t.len == 0 || strcmp(t.data, "warning") == 0) {
        return RG_RULES_WARNING;
    }
    if (strcmp(t.data, "critical") != 0) {
        (void)luaL_error(lua, "severity: \"warning\" or \"critical\" is needed");
    }
    return RG_RULES_CRITICAL;
}

static int say_alert(lua_State *lua)
{
    const struct rg_lua_box_call *c = call_of(lua);
    struct rg_rules_alert a = {.rule = c->rule, .id = get_text(lua, "rule", 1, RG_NAME_MAX)};
    a.severity = get_severity(lua);
    a.event_no = get_number(lua, "event", c->event_no, RG_RULES_WHOLE_CASE, c->event_count - 1);
    a.due_ms = get_number(lua, "due", RG_RULES_NEVER, 0, RG_RULES_NEVER);
    a.step = get_text(lua, "step", 0, RG_NAME_MAX);
    if (a.step.len == 0 && a.event_no == c->event_no) {
        a.step = c->step;
    }
    (void)lua_getfield(lua, 1, "healed");
    a.state = lua_toboolean(lua, -1) ? RG_RULES_HEALED : RG_RULES_RAISED;
    c->host->emit(c->host->ctx, &a);
    return 0;
}

static int say_duty(lua_State *lua)
{
    const struct rg_lua_box_call *c = call_of(lua);
    const struct rg_rules_duty d = {.rule = c->rule,
                                    .id = get_text(lua, "rule", 1, RG_NAME_MAX),
                                    .step = get_text(lua, "step", 1, RG_NAME_MAX),
                                    .agencies = get_text(lua, "agencies", 0, AGENCIES_MAX),
                                    .due_ms =
                                        get_number(lua, "due", RG_RULES_NEVER, 0, RG_RULES_NEVER)};
    c->host->duty(c->host->ctx, &d);
    return 0;
}

static int say_remind(lua_State *lua)
{
    struct rg_lua_box_call *c = box_of(lua)->call;
    if (c == NULL) {
        return luaL_error(lua, "only entry, tick and duties may ask for a tick");
    }
    const lua_Integer due = luaL_optinteger(lua, 1, RG_RULES_NEVER);
    luaL_argcheck(lua, due >= 0, 1, "a time in milliseconds since 1970 is needed");
    c->due_ms = due;
    return 0;
}

/* What runs under guarded(). */

/* Make the globals of a case and run the script in them. */
static void fresh_globals(lua_State *lua)
{
    get_slot(lua, SLOT_SCRIPT);
    get_slot(lua, SLOT_ENVIRONMENT);
    lua_pushcfunction(lua, say_alert);
    lua_pushcfunction(lua, say_duty);
    lua_pushcfunction(lua, say_remind);
    lua_call(lua, 3, 1);
    lua_pushvalue(lua, -1);
    set_slot(lua, SLOT_GLOBALS);
    (void)lua_setupvalue(lua, -2, 1); /* the first upvalue of a text is its globals */
    lua_call(lua, 0, 0);
}

/* Push the script's function @name; false when it has none. */
static bool push_function(lua_State *lua, const char *name)
{
    get_slot(lua, SLOT_GLOBALS);
    const int type = lua_getfield(lua, -1, name);
    lua_remove(lua, -2);
    if (type != LUA_TNIL && type != LUA_TFUNCTION) {
        (void)luaL_error(lua, "the global `%s` is no function", name);
    }
    return type == LUA_TFUNCTION;
}

static void load(lua_State *lua, const char *text, size_t len, const char *name)
{
    if (luaL_loadbufferx(lua, text, len, name, "t") != LUA_OK) {
        (void)lua_error(lua);
    }
}

static int do_open(lua_State *lua)
{
    const struct rg_lua_box *b = box_of(lua);
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    load(lua, rg_lua_prelude, rg_lua_prelude_len, "=prelude");
    lua_call(lua, 0, 3);
    set_slot(lua, SLOT_DECODE);
    set_slot(lua, SLOT_ENCODE);
    set_slot(lua, SLOT_ENVIRONMENT);
    load(lua, (const char *)b->script.data, b->script.len, b->name);
    set_slot(lua, SLOT_SCRIPT);
    fresh_globals(lua);
    (void)push_function(lua, "entry");
    (void)push_function(lua, "tick");
    (void)push_function(lua, "duties");
    return 0;
}

static int do_begin(lua_State *lua)
{
    lua_newtable(lua);
    set_slot(lua, SLOT_STATE);
    fresh_globals(lua);
    return 0;
}

static int do_decode(lua_State *lua)
{
    const struct rg_lua_box *b = box_of(lua);
    get_slot(lua, SLOT_DECODE);
    (void)lua_pushlstring(lua, (const char *)b->given.data, b->given.len);
    lua_call(lua, 1, 1);
    set_slot(lua, SLOT_STATE);
    return 0;
}

static void keep_state(lua_State *lua)
{
    struct rg_lua_box *b = box_of(lua);
    size_t len = 0;
    get_slot(lua, SLOT_ENCODE);
    get_slot(lua, SLOT_STATE);
    lua_call(lua, 1, 1);
    const char *bytes = lua_tolstring(lua, -1, &len);
    if (len > sizeof b->state) {
        (void)luaL_error(lua, "the state of a case is over %d bytes", RG_LUA_BOX_STATE_MAX);
    }
    memcpy(b->state, bytes, len);
    b->state_len = len;
}

static void set_text(lua_State *lua, const char *key, struct rg_rules_text t)
{
    (void)lua_pushlstring(lua, t.data, t.len);
    lua_setfield(lua, -2, key);
}

static void set_number(lua_State *lua, const char *key, int64_t v)
{
    lua_pushinteger(lua, v);
    lua_setfield(lua, -2, key);
}

static int do_entry(lua_State *lua)
{
    const struct rg_lua_box *b = box_of(lua);
    const struct rg_rules_entry *e = b->entry;
    if (!push_function(lua, "entry")) {
        return 0;
    }
    get_slot(lua, SLOT_STATE);
    lua_createtable(lua, 0, 6);
    set_text(lua, "step", e->step);
    set_text(lua, "agency", e->agency);
    set_number(lua, "number", b->call->event_no);
    set_number(lua, "time", e->time_ms);
    set_number(lua, "occurred", e->occurred_ms);
    lua_createtable(lua, 0, (int)e->field_count);
    for (size_t i = 0; i < e->field_count; i++) {
        (void)lua_pushlstring(lua, e->fields[i].name.data, e->fields[i].name.len);
        (void)lua_pushlstring(lua, e->fields[i].value.data, e->fields[i].value.len);
        lua_rawset(lua, -3);
    }
    lua_setfield(lua, -2, "fields");
    lua_call(lua, 2, 0);
    keep_state(lua);
    return 0;
}

static int do_tick(lua_State *lua)
{
    if (push_function(lua, "tick")) {
        get_slot(lua, SLOT_STATE);
        lua_pushinteger(lua, box_of(lua)->time_ms);
        lua_call(lua, 2, 0);
        keep_state(lua);
    }
    return 0;
}

static int do_duties(lua_State *lua)
{
    if (push_function(lua, "duties")) {
        get_slot(lua, SLOT_STATE);
        lua_call(lua, 1, 0);
    }
    return 0;
}

rg_err rg_lua_box_open(const char *name, struct rg_bytes script, struct rg_lua_box **out,
                       char err[RG_LUA_BOX_TEXT_MAX])
{
    struct rg_lua_box *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->lua = lua_newstate(allocate, b);
    }
    if (b == NULL || b->lua == NULL) {
        (void)snprintf(err, RG_LUA_BOX_TEXT_MAX, "out of memory");
        rg_lua_box_close(&b);
        return RG_ERR_NOMEM;
    }
    *(struct rg_lua_box **)lua_getextraspace(b->lua) = b;
    (void)snprintf(b->name, sizeof b->name, "@%s", name);
    b->script = script;
    const rg_err e = guarded(b, do_open);
    b->script = (struct rg_bytes){NULL, 0};
    if (e != RG_OK) {
        memcpy(err, b->text, sizeof b->text);
        rg_lua_box_close(&b);
        return e;
    }
    *out = b;
    return RG_OK;
}

void rg_lua_box_close(struct rg_lua_box **b)
{
    if (*b == NULL) {
        return;
    }
    if ((*b)->lua != NULL) {
        lua_close((*b)->lua);
    }
    free(*b);
    *b = NULL;
}

rg_err rg_lua_box_begin(struct rg_lua_box *b, struct rg_bytes state)
{
    b->call = NULL;
    b->state_len = 0;
    rg_err e = guarded(b, do_begin);
    if (e == RG_OK && state.len > 0) {
        b->given = state;
        e = state.len > sizeof b->state || guarded(b, do_decode) != RG_OK ? RG_ERR_CORRUPT : RG_OK;
        b->given = (struct rg_bytes){NULL, 0};
    }
    if (e == RG_OK && state.len > 0) {
        memcpy(b->state, state.data, state.len);
        b->state_len = state.len;
    }
    return e;
}

static rg_err call_script(struct rg_lua_box *b, struct rg_lua_box_call *call, lua_CFunction f)
{
    b->call = call;
    const rg_err e = guarded(b, f);
    b->call = NULL;
    return e;
}

rg_err rg_lua_box_entry(struct rg_lua_box *b, struct rg_lua_box_call *call,
                        const struct rg_rules_entry *entry)
{
    b->entry = entry;
    return call_script(b, call, do_entry);
}

rg_err rg_lua_box_tick(struct rg_lua_box *b, struct rg_lua_box_call *call, int64_t time_ms)
{
    b->time_ms = time_ms;
    return call_script(b, call, do_tick);
}

rg_err rg_lua_box_duties(struct rg_lua_box *b, struct rg_lua_box_call *call)
{
    return call_script(b, call, do_duties);
}

struct rg_bytes rg_lua_box_state(const struct rg_lua_box *b)
{
    return (struct rg_bytes){b->state, b->state_len};
}

const char *rg_lua_box_text(const struct rg_lua_box *b)
{
    return b->text;
}
