#include "node/agency/agency.h"
#include "base/hex.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "crypto/sign.h"
#include "node/agency/agency_priv.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include <stdio.h>
#include <stdlib.h>

static rg_err say(struct rg_agency *g, rg_err err, const char *what)
{
    (void)snprintf(g->why, sizeof g->why, "%s: %s", what, rg_err_text(err));
    return err;
}

static rg_err open_vault(struct rg_agency *g)
{
    rg_sign_derive(g->c.key, "rg-vault", g->vault_key);
    const struct rg_vault_options o = {.dir = g->vault_dir,
                                       .ledger = &g->c.genesis->ledger_id,
                                       .key = g->vault_key,
                                       .agency_count = g->c.genesis->agency_count};
    rg_err err = rg_vault_open(&o, &g->vault);
    if (err == RG_ERR_SIGNATURE) {
        return say(g, RG_ERR_INVALID,
                   "The vault was sealed with another node's key; use the key it was made with");
    }
    if (err == RG_ERR_INVALID) {
        return say(g, err, "The vault belongs to another ledger; check `data` in node.yaml");
    }
    if (err != RG_OK) {
        (void)snprintf(g->why, sizeof g->why, "The vault at %.300s cannot be opened: %s",
                       g->vault_dir, rg_err_text(err));
        return err;
    }
    return RG_OK;
}

/* What knows cases, and what follows the chain. */
static rg_err open_cases(struct rg_agency *g)
{
    rg_casebook_verifier_init(&g->verifier, g->c.genesis);
    rg_keys_places(g->c.genesis, g->place_of);
    rg_err err = rg_blocks_new(g->c.chain, &g->blocks);
    if (err == RG_OK) {
        const struct rg_versions_config v = {g->c.genesis, g->definition, g->c.chain, g->blocks};
        err = rg_versions_new(&v, &g->versions);
    }
    if (err == RG_OK) {
        err = rg_versions_refresh(g->versions);
    }
    if (err == RG_OK) {
        err = rg_pending_new(g->vault, g->agency, &g->pending);
    }
    if (err == RG_OK) {
        err = rg_feed_new(g->vault, g->blocks, g->c.genesis, &g->feed);
    }
    if (err == RG_OK) {
        const struct rg_follow_config f = {.genesis = g->c.genesis,
                                           .principal = g->c.principal,
                                           .chain = g->c.chain,
                                           .blocks = g->blocks,
                                           .vault = g->vault,
                                           .pending = g->pending,
                                           .verifier = &g->verifier,
                                           .recent = rg_feed_recent(g->feed),
                                           .place_of = g->place_of,
                                           .alarm = rg_agency__alarm,
                                           .alarm_ctx = g};
        err = rg_follow_new(&f, &g->follow);
    }
    if (err == RG_OK) {
        const struct rg_keys_config k = {.genesis = g->c.genesis,
                                         .principal = g->c.principal,
                                         .vault = g->vault,
                                         .pending = g->pending,
                                         .follow = g->follow,
                                         .send = rg_agency__send_peer,
                                         .send_ctx = g,
                                         .alarm = rg_agency__alarm,
                                         .alarm_ctx = g,
                                         .other = rg_agency__digests,
                                         .other_ctx = g};
        err = rg_keys_new(&k, &g->keys);
    }
    return err == RG_OK ? RG_OK : say(g, err, "The agency side cannot start");
}

static rg_err open_monitor(struct rg_agency *g)
{
    size_t count = 0;
    const struct rg_monitor_version *list = rg_versions_list(g->versions, &count);
    const struct rg_monitor_config m = {.genesis = g->c.genesis,
                                        .principal = g->c.principal,
                                        .definition = g->definition,
                                        .versions = list,
                                        .version_count = count,
                                        .key = g->c.key,
                                        .feed = g->feed,
                                        .chain = g->c.chain,
                                        .vault_key = g->vault_key,
                                        .data_dir = g->alerts_dir,
                                        .host = g->host,
                                        .events_port = g->c.events_port,
                                        .zap = g->c.zap,
                                        .rules_program = g->rules_program,
                                        .rules_module = g->rules_module,
                                        .send = rg_agency__send_peer,
                                        .send_ctx = g,
                                        .cluster = g->c.cluster};
    const rg_err err = rg_monitor_open(&m, &g->monitor, g->why, sizeof g->why);
    if (err == RG_OK) {
        g->events_port = rg_monitor_events_port(g->monitor);
        rg_versions_tell(g->versions, rg_agency__alarm, g);
    }
    return err;
}

static rg_err open_api(struct rg_agency *g)
{
    const uint64_t height = rg_vault_get_meta(g->vault)->height;
    g->checked_by = rg_versions_after(g->versions, height)->definition;
    const struct rg_submit_config s = {.genesis = g->c.genesis,
                                       .principal = g->c.principal,
                                       .definition = g->checked_by,
                                       .vault = g->vault,
                                       .pending = g->pending,
                                       .verifier = &g->verifier,
                                       .blocks = g->blocks,
                                       .send = rg_agency__send_package,
                                       .answer = rg_agency__answer,
                                       .fit = rg_agency__fit,
                                       .alert = rg_agency__find_alert,
                                       .ctx = g};
    rg_err err = rg_submit_new(&s, &g->submit);
    if (err == RG_OK) {
        const struct rg_api_config a = {.genesis = g->c.genesis,
                                        .principal = g->c.principal,
                                        .versions = g->versions,
                                        .vault = g->vault,
                                        .pending = g->pending,
                                        .submit = g->submit,
                                        .keys = g->keys,
                                        .feed = g->feed,
                                        .monitor = g->monitor,
                                        .test_hooks = g->c.test_hooks,
                                        .kill_zap = rg_agency__kill_zap,
                                        .send = rg_agency__send_client,
                                        .ctx = g};
        const struct rg_health_config hc = {g->c.genesis, g->c.principal, g->c.key_lifetime_ms,
                                            rg_agency__news, g};
        err = rg_api_new(&a, &g->api);
        err = err == RG_OK ? rg_health_create(&hc, &g->health) : err;
    }
    if (err != RG_OK) {
        return say(g, err, "The api cannot start");
    }
    char why[RG_SOCKET_WHY_MAX] = "";
    const struct rg_socket_config k = {
        .role = RG_SOCKET_API_ROUTER, .own = g->c.key, .cluster = g->c.cluster};
    err = rg_socket_new(&k, &g->api_socket, why);
    if (err != RG_OK) {
        return say(g, err, why);
    }
    err = rg_socket_bind(g->api_socket, g->host, g->c.api_port, &g->api_port);
    if (err != RG_OK) {
        (void)snprintf(g->why, sizeof g->why,
                       "api cannot listen on %.200s port %u: %s; choose another port in node.yaml",
                       g->host, g->c.api_port,
                       err == RG_ERR_EXISTS ? "the port is in use" : rg_err_text(err));
    }
    g->listening = err == RG_OK;
    return err;
}

static rg_err open_all(struct rg_agency *g)
{
    char text[RG_DEFINITION_ERROR_MAX];
    const struct rg_bytes yaml = {g->c.genesis->definition, g->c.genesis->definition_len};
    rg_err err = rg_definition_parse("genesis", yaml, &g->definition, text);
    if (err != RG_OK) {
        (void)snprintf(g->why, sizeof g->why, "The process definition of the genesis: %.400s",
                       text);
        return err == RG_ERR_NOMEM ? err : RG_ERR_INVALID;
    }
    err = open_vault(g);
    if (err == RG_OK) {
        err = open_cases(g);
    }
    if (err == RG_OK) {
        err = open_monitor(g);
    }
    return err == RG_OK ? open_api(g) : err;
}

/* The monitor first: it answers what is under way, then nothing of it is used any more. */
static void close_all(struct rg_agency *g)
{
    rg_monitor_close(&g->monitor);
    rg_submit_destroy(&g->submit);
    rg_api_destroy(&g->api);
    rg_health_destroy(&g->health);
    rg_feed_destroy(&g->feed);
    rg_keys_destroy(&g->keys);
    rg_follow_destroy(&g->follow);
    rg_pending_destroy(&g->pending);
    rg_versions_destroy(&g->versions);
    rg_blocks_destroy(&g->blocks);
    rg_vault_close(&g->vault);
    rg_definition_destroy(&g->definition);
    rg_socket_destroy(&g->api_socket);
    rg_rand_wipe(g->vault_key, sizeof g->vault_key);
}

static void run(zsock_t *pipe, void *args)
{
    struct rg_agency *g = args;
    g->pipe = pipe;
    g->err = open_all(g);
    atomic_store(&g->opened, true); /* the caller reads err, why and ports after this */
    (void)zsock_signal(pipe, 0);
    rg_agency__run(g);
    close_all(g);
}

/* The two ends of the link, without limits: each side bounds what it has under way. */
static rg_err make_link(struct rg_agency *g)
{
    char endpoint[96];
    char name[17];
    uint8_t random[8]; /* the library frees an endpoint some time after its socket */
    g->link = zsock_new(ZMQ_PAIR);
    g->outside = zsock_new(ZMQ_PAIR);
    if (g->link == NULL || g->outside == NULL) {
        return RG_ERR_SYSTEM;
    }
    zsock_set_sndhwm(g->link, 0);
    zsock_set_rcvhwm(g->link, 0);
    zsock_set_sndhwm(g->outside, 0);
    zsock_set_rcvhwm(g->outside, 0);
    rg_rand(random, sizeof random);
    rg_hex_format(random, sizeof random, name);
    (void)snprintf(endpoint, sizeof endpoint, "inproc://agency-%s", name);
    if (zsock_bind(g->link, "%s", endpoint) != 0 ||
        zsock_connect(g->outside, "%s", endpoint) != 0) {
        return RG_ERR_SYSTEM;
    }
    return RG_OK;
}

static rg_err copy_text(const char *from, char *to, size_t cap)
{
    const size_t len = strlen(from);
    if (len >= cap) {
        return RG_ERR_INVALID;
    }
    memcpy(to, from, len + 1);
    return RG_OK;
}

static rg_err prepare(struct rg_agency *g, const struct rg_agency_config *config)
{
    g->c = *config;
    RG_ASSERT(config->principal < config->genesis->principal_count);
    g->agency = config->genesis->principal[config->principal].agency;
    rg_err err = copy_text(config->host, g->host, sizeof g->host);
    if (err == RG_OK) {
        err = copy_text(config->rules_program, g->rules_program, sizeof g->rules_program);
    }
    if (err == RG_OK && config->rules_module != NULL) {
        err = copy_text(config->rules_module, g->rules_module, sizeof g->rules_module);
    }
    if (err == RG_OK) {
        err = rg_disk_join(config->data_dir, "vault", g->vault_dir);
    }
    if (err == RG_OK) {
        err = rg_disk_join(config->data_dir, "alerts", g->alerts_dir);
    }
    if (err != RG_OK) {
        return say(g, err, "A path or the host in node.yaml is too long");
    }
    err = make_link(g);
    return err == RG_OK ? err : say(g, err, "The agency's sockets cannot be made");
}

rg_err rg_agency_start(const struct rg_agency_config *config, struct rg_agency **out,
                       char why[RG_AGENCY_WHY_MAX])
{
    why[0] = '\0';
    struct rg_agency *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_err err = prepare(g, config);
    if (err == RG_OK) {
        g->actor = zactor_new(run, g);
        err = g->actor != NULL && atomic_load(&g->opened) ? g->err : RG_ERR_SYSTEM;
    }
    if (err != RG_OK) {
        (void)snprintf(why, RG_AGENCY_WHY_MAX, "%s", g->why);
        rg_agency_stop(&g);
        return err;
    }
    *out = g;
    return RG_OK;
}

struct _zsock_t *rg_agency_link(struct rg_agency *agency)
{
    return agency->outside;
}

uint16_t rg_agency_api_port(const struct rg_agency *agency)
{
    return agency->api_port;
}

uint16_t rg_agency_events_port(const struct rg_agency *agency)
{
    return agency->events_port;
}

/* Free what was sent and never received. */
static void drain(zsock_t *s)
{
    struct rg_link_message *m = NULL;
    while (s != NULL && (m = rg_link_receive(s)) != NULL) {
        rg_link_destroy(&m);
    }
}

void rg_agency_stop(struct rg_agency **agency_p)
{
    struct rg_agency *g = agency_p != NULL ? *agency_p : NULL;
    if (g == NULL) {
        return;
    }
    zactor_destroy(&g->actor);
    drain(g->outside);
    drain(g->link);
    zsock_destroy(&g->outside);
    zsock_destroy(&g->link);
    free(g);
    *agency_p = NULL;
}
