/* node.yaml: what is accepted, and that every error names its line. */
#include "base/arena.h"
#include "crypto/sign.h"
#include "node/config.h"
#include "node/cut.h"
#include "proto/genesis_codec.h"
#include "storage_tmp.h"

static struct tmp tmp;

static void path_of(const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", tmp.path, name);
}

static void write_file(const char *name, const void *data, size_t len)
{
    char path[128];
    path_of(name, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void add(struct rg_genesis *g, uint32_t i, const char *name, uint32_t agency, uint32_t roles)
{
    struct rg_sign *key = NULL;
    const uint8_t seed[32] = {(uint8_t)(i + 1)};
    assert_int_equal(rg_sign_from_seed(seed, &key), RG_OK);
    struct rg_principal *p = &g->principal[i];
    (void)snprintf(p->name, sizeof p->name, "%s", name);
    p->agency = agency;
    p->roles = roles;
    p->sign_key = *rg_sign_pubkey(key);
    p->curve_key = *rg_sign_curve_pubkey(key);
    if ((roles & RG_ROLE_NODE) == 0) {
        g->agency[agency].admin_key = p->sign_key;
    }
    rg_sign_destroy(&key);
}

static int setup(void **state)
{
    (void)state;
    tmp = tmp_make();
    assert_int_equal(rg_sign_start(), RG_OK);
    struct rg_genesis *g = calloc(1, sizeof *g);
    assert_non_null(g);
    (void)snprintf(g->name, sizeof g->name, "anker");
    g->time_ms = 1700000000000u;
    rg_genesis_default_parameters(&g->parameters);
    g->agency_count = 2;
    (void)snprintf(g->agency[0].name, sizeof g->agency[0].name, "BAMF");
    (void)snprintf(g->agency[1].name, sizeof g->agency[1].name, "LDS-SN");
    g->agency[0].class = RG_AGENCY_BUND;
    g->agency[1].class = RG_AGENCY_LAND;
    add(g, 0, "node1", 0, RG_ROLE_NODE);
    add(g, 1, "node2", 1, RG_ROLE_NODE);
    add(g, 2, "member1", 0, RG_ROLE_CASE_SYSTEM);
    add(g, 3, "member2", 1, RG_ROLE_CASE_SYSTEM);
    g->principal_count = 4;
    g->authority_count = 2;
    g->authority[0] = 0;
    g->authority[1] = 1;
    static const char definition[] = "process: open\nversion: 1\nsteps: any\nfields: any\n";
    memcpy(g->definition, definition, sizeof definition - 1);
    g->definition_len = sizeof definition - 1;
    struct rg_arena arena;
    struct rg_hash id;
    struct rg_bytes bytes;
    assert_int_equal(rg_arena_init(&arena, 2u << 20), RG_OK);
    assert_int_equal(rg_genesis_codec_encode(&arena, g, &id, &bytes), RG_OK);
    write_file("genesis.bin", bytes.data, bytes.len);
    write_file("broken.bin", "broken", 6);
    rg_arena_fini(&arena);
    free(g);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmp_remove(&tmp);
    return 0;
}

#define LISTEN                                                                                     \
    "listen: {host: 127.0.0.1, votes: 17001, bulk: 17002, sync: 17003, api: 17004, events: "       \
    "17005}\n"
#define PEERS "peers:\n  - {principal: node2, host: 127.0.0.1, votes: 1, bulk: 2, sync: 3}\n"
#define HEAD "ledger: anker\nprincipal: node1\ngenesis: genesis.bin\nkey: node.key\ndata: data\n"

static rg_err load(const char *text, struct rg_config **out, char err[RG_YAML_ERROR_MAX])
{
    char path[128];
    write_file("node.yaml", text, strlen(text));
    path_of("node.yaml", path);
    err[0] = '\0';
    return rg_config_load(path, out, err);
}

static void a_good_file(void **state)
{
    (void)state;
    char err[RG_YAML_ERROR_MAX];
    char path[128];
    struct rg_config *c = NULL;
    assert_int_equal(
        load(HEAD "cluster: true\nrules: /opt/reigen-rules\nmodule: m.lua\n" LISTEN PEERS, &c, err),
        RG_OK);
    assert_string_equal(c->ledger, "anker");
    assert_int_equal(c->principal, 0);
    assert_int_equal(c->place, 0);
    assert_true(c->cluster);
    assert_false(c->relay);
    assert_int_equal(c->listen.votes, 17001);
    assert_int_equal(c->events, 17005);
    assert_int_equal(c->peer_count, 1);
    assert_int_equal(c->peers[0].place, 1);
    assert_int_equal(c->peers[0].sync, 3);
    path_of("data", path);
    assert_string_equal(c->data, path);
    assert_string_equal(c->rules, "/opt/reigen-rules");
    path_of("m.lua", path);
    assert_string_equal(c->module, path);
    assert_string_equal(c->genesis.name, "anker");
    rg_config_destroy(&c);
    assert_null(c);
}

/* A text and the error it must give, with its line. */
struct wrong {
    const char *text;
    const char *place;
    const char *what;
};

static const struct wrong wrongs[] = {
    {HEAD "relais: true\n" LISTEN PEERS, "node.yaml:6:1:", "relais"},
    {HEAD "cluster: maybe\n" LISTEN PEERS, "node.yaml:6:", "cluster"},
    {HEAD PEERS, "node.yaml:", "listen"},
    {HEAD LISTEN, "node.yaml:", "peers"},
    {HEAD "listen: {host: 127.0.0.1, votes: 0, bulk: 2, sync: 3, api: 4, events: 5}\n" PEERS,
     "node.yaml:6:", "votes"},
    {HEAD "listen: {host: 127.0.0.1, votes: 7, bulk: 7, sync: 3, api: 4, events: 5}\n" PEERS,
     "node.yaml:6:", "port 7 stands twice"},
    {HEAD "listen: {host: 127.0.0.1, bulk: 7, sync: 3, api: 4, events: 5}\n" PEERS,
     "node.yaml:6:", "`votes` is missing"},
    {HEAD "listen: {host: 'tcp://x', votes: 1, bulk: 7, sync: 3, api: 4, events: 5}\n" PEERS,
     "node.yaml:6:", "no host"},
    {HEAD LISTEN "peers:\n  - {principal: node9, host: a, votes: 1, bulk: 2, sync: 3}\n",
     "node.yaml:8:17:", "node9"},
    {HEAD LISTEN "peers:\n  - {principal: member1, host: a, votes: 1, bulk: 2, sync: 3}\n",
     "node.yaml:8:17:", "no node"},
    {HEAD LISTEN "peers:\n  - {principal: node1, host: a, votes: 1, bulk: 2, sync: 3}\n",
     "node.yaml:8:17:", "this node itself"},
    {HEAD LISTEN PEERS "  - {principal: node2, host: a, votes: 1, bulk: 2, sync: 3}\n",
     "node.yaml:9:17:", "stands twice"},
    {"ledger: other\nprincipal: node1\ngenesis: genesis.bin\nkey: k\ndata: d\n" LISTEN PEERS,
     "node.yaml:1:9:", "not `other`"},
    {"ledger: anker\nprincipal: node1\ngenesis: none.bin\nkey: k\ndata: d\n" LISTEN PEERS,
     "node.yaml:3:10:", "none.bin"},
    {"ledger: anker\nprincipal: node1\ngenesis: broken.bin\nkey: k\ndata: d\n" LISTEN PEERS,
     "node.yaml:3:10:", "no genesis"},
    {"ledger: anker\nprincipal: nobody\ngenesis: genesis.bin\nkey: k\ndata: d\n" LISTEN PEERS,
     "node.yaml:2:12:", "nobody"},
    {"[", "node.yaml:", ""},
};

static void every_error_names_its_line(void **state)
{
    (void)state;
    char err[RG_YAML_ERROR_MAX];
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct rg_config *c = NULL;
        const rg_err rc = load(wrongs[i].text, &c, err);
        if (rc == RG_OK || strstr(err, wrongs[i].place) == NULL ||
            strstr(err, wrongs[i].what) == NULL) {
            print_error("case %zu: %d `%s`\n", i, (int)rc, err);
        }
        assert_int_not_equal(rc, RG_OK);
        assert_null(c);
        assert_non_null(strstr(err, wrongs[i].place));
        assert_non_null(strstr(err, wrongs[i].what));
    }
}

static void a_file_that_is_not_there(void **state)
{
    (void)state;
    char err[RG_YAML_ERROR_MAX] = "";
    char path[128];
    struct rg_config *c = NULL;
    path_of("none.yaml", path);
    assert_int_equal(rg_config_load(path, &c, err), RG_ERR_NOT_FOUND);
    assert_true(strlen(err) > 0);
}

/* cut.yaml counts in test networks only, and a wrong one changes nothing. */
static void connections_that_are_cut(void **state)
{
    (void)state;
    static const char *const bad[] = {"cut: [node9]\n", "cut: [node1]\n", "cut: [member1]\n",
                                      "cut: node2\n",   "other: []\n",    "["};
    char err[RG_YAML_ERROR_MAX];
    char path[128];
    bool cut[RG_AUTHORITIES_MAX] = {true};
    struct rg_config *c = NULL;
    assert_int_equal(load(HEAD "cluster: true\n" LISTEN PEERS, &c, err), RG_OK);
    assert_int_equal(rg_cut_read(c, cut, err), RG_OK); /* no file */
    assert_false(cut[0] || cut[1]);
    write_file("cut.yaml", "cut: [node2]\n", 13);
    assert_int_equal(rg_cut_read(c, cut, err), RG_OK);
    assert_true(cut[1] && !cut[0] && !cut[2]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file("cut.yaml", bad[i], strlen(bad[i]));
        assert_int_equal(rg_cut_read(c, cut, err), RG_ERR_INVALID);
        assert_non_null(strstr(err, "cut.yaml:"));
        assert_true(cut[1] && !cut[0] && !cut[2]);
    }
    write_file("cut.yaml", "cut: [node2]\n", 13);
    c->cluster = false;
    assert_int_equal(rg_cut_read(c, cut, err), RG_OK);
    assert_false(cut[1]);
    rg_config_destroy(&c);
    path_of("cut.yaml", path);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file),
        cmocka_unit_test(every_error_names_its_line),
        cmocka_unit_test(a_file_that_is_not_there),
        cmocka_unit_test(connections_that_are_cut),
    };
    return cmocka_run_group_tests_name("bus_config", tests, setup, teardown);
}
