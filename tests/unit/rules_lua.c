/* Rules in Lua beside those of the definition: the example, what a script may and may not do, its
 * caps, and that a script which fails leaves everything else as it was. argv[1] is the example. */
#include "storage_tmp.h"

#include "rules/lua.h"
#include "rules_bench.h"

#define DAY (24 * HOUR)
#define T0 INT64_C(1700000000000)

static const char *example;
static const char definition[] = "process: t\nversion: 1\nclock: ledger\nsteps: any\nfields: any\n"
                                 "rules:\n  - {id: r, template: absence, n: 2, activities: [a]}\n";
static struct tmp tmp;

static const struct rg_rules_module *module_of(const char *name, const char *text)
{
    char err[RG_RULES_ERROR_MAX] = "";
    const char *path = tmp_path(&tmp, name);
    tmp_write(path, (const uint8_t *)text, strlen(text));
    const struct rg_rules_module *m = rg_lua_module(path, err);
    assert_non_null(m);
    assert_int_equal(unlink(path), 0);
    return m;
}

static void use(const struct rg_rules_module *m)
{
    rg_host_destroy(&bench.host);
    assert_int_equal(rg_host_create(m, &bench.host), RG_OK);
    bench_open(definition);
}

static void run(const char *text)
{
    use(module_of("t.lua", text));
}

/* The alert told last is this one: `id severity state event_no`; "" for none. */
static void told(const char *expected)
{
    char text[256] = "";
    for (size_t i = 0; i < bench.item_count; i++) {
        const struct rg_hostmsg_item *a = &bench.items[i];
        if (a->kind == RG_HOSTMSG_ALERT) {
            const size_t len = strlen(text);
            (void)snprintf(text + len, sizeof text - len, "%s%.*s %u %u %d", len > 0 ? ", " : "",
                           (int)a->rule_id.len, (const char *)a->rule_id.data, a->severity,
                           a->state, (int)a->event_no);
        }
    }
    assert_string_equal(text, expected);
}

struct given {
    const char *step;
    const char *agency;
    const char *name; /* of one field; NULL: none */
    const char *value;
    int64_t time_ms;
};

static void enter(const struct given *g)
{
    struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                               .time_ms = g->time_ms,
                               .occurred_ms = g->time_ms,
                               .step = rg_bytes_str(g->step),
                               .agency = rg_bytes_str(g->agency)};
    if (g->name != NULL) {
        op.fields[0] = (struct rg_hostmsg_field){rg_bytes_str(g->name), rg_bytes_str(g->value)};
        op.field_count = 1;
    }
    assert_int_equal(bench_step(0, &op), RG_HOSTMSG_OK);
}

static void step(const char *name)
{
    enter(&(struct given){.step = name, .agency = "A1", .time_ms = T0});
}

static void the_example(void **state)
{
    char err[RG_RULES_ERROR_MAX] = "";
    (void)state;
    const struct rg_rules_module *m = rg_lua_module(example, err);
    assert_non_null(m);
    use(m);
    enter(&(struct given){"register", "A1", "resource", "meier", T0});
    told("");
    enter(&(struct given){"decide", "A1", "resource", "meier", T0});
    told("Z01 2 1 1");
    enter(&(struct given){"second look", "A1", "resource", "huber", T0});
    enter(&(struct given){"decide", "A1", "resource", "meier", T0});
    told("");
    enter(&(struct given){"hand over", "A1", "to", "A2", T0});
    assert_int_equal(bench.due_ms, T0 + 2 * DAY);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_true(rg_bytes_eq(bench.items[0].agencies, rg_bytes_str("A2")));
    assert_int_equal(bench.items[0].due_ms, T0 + 2 * DAY);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, T0 + 2 * DAY), RG_HOSTMSG_OK);
    told("");
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, T0 + 2 * DAY + 1), RG_HOSTMSG_OK);
    told("Z02 1 1 4");
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER);
    enter(&(struct given){"take up", "A3", NULL, NULL, T0 + 3 * DAY});
    told("");
    enter(&(struct given){"take up", "A2", NULL, NULL, T0 + 3 * DAY});
    told("Z02 1 2 4");
    /* The rules of the definition are judged too. */
    step("a");
    told("");
    step("a");
    told("r 1 1 8");
}

/* What a script must not have, and what it may not say. Each is told with its line, once, and the
 * rule of the definition goes on. */
static void refused(void **state)
{
    static const char *const bad[] = {
        "io.open('/etc/passwd')",
        "os.time()",
        "require 'x'",
        "debug.getinfo(1)",
        "load('return 1')()",
        "dofile('/etc/passwd')",
        "string.dump(entry)",
        "math.random()",
        "print('x')",
        "next({})",
        "collectgarbage()",
        "setmetatable({}, {})",
        "coroutine.wrap(entry)()",
        "pcall(entry)",
        "_G.x = 1",
        "string.match('a', 'a')",
        "string.gsub('a', 'a', 'b')",
        "('a'):gmatch('a')()",
        "tostring({})",
        "string.format('%s', {})",
        "string.format('%p', 'x')",
        "string.format('%%%-8p', 'x')",
        "for k in pairs({[{}] = 1}) do end",
        "for k in pairs({[true] = 1}) do end",
        "table.move({}, 1, math.maxinteger, 2)",
        "state.x = 1.5",
        "state.x = entry",
        "state.x = state",
        "state.x = ('x'):rep(5000)",
        "state.x = {[state] = 1}",
        "error('no')",
        "error({})",
        "local function f() return 1 + f() end f()",
        "while true do end",
        "local t = {} while true do t[#t + 1] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "('x'):rep(1 << 40)",
        "for i = 1, 1000000 do local s = ('x'):rep(1000000) end",
        "alert {}",
        "alert {rule = ''}",
        "alert {rule = 7}",
        "alert {rule = ('x'):rep(65)}",
        "alert {rule = 'x\\0'}",
        "alert {rule = '\\xff'}",
        "alert {rule = 'x', severity = 'system'}",
        "alert {rule = 'x', event = 99}",
        "alert {rule = 'x', event = -2}",
        "alert {rule = 'x', event = 'y'}",
        "alert {rule = 'x', due = -5}",
        "alert 'x'",
        "duty {rule = 'x'}",
        "remind(-1)",
        "remind('soon')",
    };
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, "function entry(state, e)\n  state.before = 1\n%s\nend",
                       bad[i]);
        run(text);
        step("a");
        const bool named = bench.item_count == 1 && bench.items[0].severity == RG_RULES_SYSTEM &&
                           bench.items[0].rule_id.len >= 5 &&
                           memcmp(bench.items[0].rule_id.data, "t.lua", 5) == 0;
        if (!named) {
            fail_msg("%s: %zu items", bad[i], bench.item_count);
        }
        step("b");
        told("");
        step("a");
        told("r 1 1 2");
    }
}

/* The line is that of the fault. */
static void lines(void **state)
{
    (void)state;
    run("function entry(state, e)\n  local x = nil\n  x.y = 1\nend");
    step("a");
    told("t.lua:3 3 1 0");
    run("function entry(state, e)\n\n\n  while true do\n end\nend");
    step("a");
    assert_true(bench.item_count == 1 && bench.items[0].rule_id.len == 7);
    run("\nlocal function f() alert {rule = 5} end\nfunction entry(state, e)\n f() end");
    step("a");
    told("t.lua:2 3 1 0");
}

/* What is wrong in a script at once is told when it is opened. */
static void not_opened(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"function entry(", "t.lua:1:"},
        {"x =\n\n= 1", "t.lua:3:"},
        {"\nentry = 5", "`entry` is no function"},
        {"alert {rule = 'x'}", "t.lua:1: only entry, tick and duties"},
        {"while true do end", "more than 1000000 steps"},
        {"\x1bLua", "t.lua: attempt to load a binary chunk"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char err[RG_RULES_ERROR_MAX] = "";
        void *instance = NULL;
        const struct rg_rules_module *m = module_of("t.lua", rows[i].text);
        const int rc = m->open((const uint8_t *)definition, strlen(definition), &instance, err);
        assert_int_equal(rc, RG_RULES_BAD_DEFINITION);
        if (strstr(err, rows[i].says) == NULL) {
            fail_msg("%s gives: %s", rows[i].text, err);
        }
    }
    char err[RG_RULES_ERROR_MAX] = "";
    assert_null(rg_lua_module("/nonexistent/x.lua", err));
    assert_non_null(strstr(err, "/nonexistent/x.lua: No such file"));
}

/* What a script has; a script that holds says nothing. */
static void allowed(void **state)
{
    static const char *const good[] = {
        "local keys = '' for k in pairs({z = 1, a = 2, [3] = 3, [1] = 4, m = 5}) do keys = keys .. "
        "k "
        "end assert(keys == '13amz', keys)",
        "local t = {} for i = 1, 300 do t[i] = {i % 7, i} end "
        "table.sort(t, function(a, b) return a[1] < b[1] end) "
        "for i = 2, 300 do assert(t[i - 1][1] < t[i][1] or t[i - 1][2] < t[i][2]) end",
        "local t = {3, 1, 2} table.sort(t) assert(table.concat(t, ',') == '1,2,3')",
        "local t = {a = 1, b = 2} for k in pairs(t) do t.a, t.b = nil, nil end",
        "assert(('abc'):find('b.') == nil and ('a.c'):find('.') == 2)",
        "assert(string.format('%d%% %s %q', 5, true, 'x') == '5% true \"x\"')",
        "assert(tostring(nil) == 'nil' and tostring(12) == '12' and tonumber('0x10') == 16)",
        "assert(math.tointeger(3.0) == 3 and math.type(1) == 'integer' and 7 // 2 == 3)",
        "assert(e.step == 'a' and e.agency == 'A1' and e.fields.x == nil)",
        "assert(e.time == 1700000000000 and e.occurred == e.time)",
        "assert(select('#', table.unpack({1, 2})) == 2)",
    };
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(text, sizeof text, "function entry(state, e) %s end", good[i]);
        run(text);
        step("a");
        if (bench.item_count != 0) {
            fail_msg("%s", good[i]);
        }
    }
}

/* Nothing reaches another case or outlives one but the state, and that in the same bytes. */
static void state_alone(void **state)
{
    uint8_t first[2048];
    (void)state;
    run("local n = 0\nfunction entry(state, e)\n  n = n + 1\n  string.x = (string.x or 0) + 1\n"
        "  y = (y or 0) + 1\n  assert(n == 1 and string.x == 1 and y == 1)\nend");
    for (int i = 0; i < 3; i++) {
        step("b");
        told("");
    }
    run("function entry(state, e)\n  state.b, state.a = 'text', {1, 2, {deep = true}}\n"
        "  state[e.number], state.off = -5, false\nend");
    step("b");
    const size_t len = bench.state_len;
    assert_in_range(len, 50, sizeof first);
    memcpy(first, bench.state, len);
    run("function entry(state, e)\n  state.off, state.a = false, {1, 2, {deep = true}}\n"
        "  state[e.number] = -5\n  state.b = 'text'\nend");
    step("b");
    /* Another script, hence another tag in bytes 2 to 9; the rest is the same. */
    assert_int_equal(bench.state_len, len);
    assert_memory_equal(bench.state + 10, first + 10, len - 10);
    run("function entry(state, e)\n  if e.number == 1 then\n"
        "    assert(state.a[3].deep and state.off == false and state[0] == -5 and #state.b == 4)\n"
        "  end\n  state.b, state.a, state.off, state[0] = 'text', {1, 2, {deep = true}}, false, "
        "-5\n"
        "end");
    step("b");
    step("b");
    told("");
}

/* A state of another script, or bytes that are none, start the case anew. */
static void bad_states(void **state)
{
    uint8_t good[2048];
    const struct rg_hostmsg_op op = {
        .kind = RG_HOSTMSG_OP_ENTRY, .time_ms = T0, .step = rg_bytes_str("b")};
    (void)state;
    run("function entry(state, e) state.x = {1, 'two', {3}} end");
    step("b");
    const size_t len = bench.state_len;
    memcpy(good, bench.state, len);
    for (size_t cut = 1; cut < len; cut++) {
        memcpy(bench.state, good, cut);
        bench.state_len = cut;
        assert_int_equal(bench_step(0, &op), RG_HOSTMSG_BAD_STATE);
    }
    for (size_t i = 0; i < len; i++) {
        for (unsigned v = 1; v < 256; v += 7) {
            memcpy(bench.state, good, len);
            bench.state[i] ^= (uint8_t)v;
            bench.state_len = len;
            (void)bench_step(0, &op); /* no crash, no leak: sanitizers look on */
        }
    }
    run("function entry(state, e) end");
    memcpy(bench.state, good, len);
    bench.state_len = len;
    assert_int_equal(bench_step(0, &op), RG_HOSTMSG_BAD_STATE);
}

/* Conformance is that of the definition; the script is not asked. */
static void conformance(void **state)
{
    const struct rg_hostmsg_op op = {
        .kind = RG_HOSTMSG_OP_ENTRY, .time_ms = T0, .step = rg_bytes_str("a")};
    (void)state;
    run("function entry(state, e) alert {rule = 'x'} end");
    assert_int_equal(bench_step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_OK);
    assert_int_equal(bench_step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_OK);
    assert_int_equal(bench_time(RG_HOSTMSG_FULL, RG_HOSTMSG_OP_FINISH, T0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].judgement, 3);
    assert_int_equal(bench.items[0].violation_count, 1);
}

static int set_up(void **state)
{
    tmp = tmp_make();
    return bench_set_up(state);
}

static int tear_down(void **state)
{
    tmp_remove(&tmp);
    return bench_tear_down(state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example), cmocka_unit_test(refused),     cmocka_unit_test(lines),
        cmocka_unit_test(not_opened),  cmocka_unit_test(allowed),     cmocka_unit_test(state_alone),
        cmocka_unit_test(bad_states),  cmocka_unit_test(conformance),
    };
    if (argc < 2) {
        return 1;
    }
    example = argv[1];
    return cmocka_run_group_tests_name("rules_lua", tests, set_up, tear_down);
}
