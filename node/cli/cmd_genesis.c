#include "base/hex.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/file.h"
#include "node/cli/genesis_read.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "proto/genesis_codec.h"
#include <stdio.h>
#include <stdlib.h>

#define ARENA (4u * 1024 * 1024)

static int encode_and_write(const struct rg_cli *cli, const struct rg_genesis *g, const char *path)
{
    struct rg_arena arena = {0};
    struct rg_bytes bytes = {NULL, 0};
    struct rg_hash id = {{0}};
    const char *why = "";
    char hex[2 * RG_HASH_BYTES + 1];
    if (rg_genesis_check(g, &why) != RG_OK) {
        rg_say_error("%s: %s", cli->args[0], why);
        return RG_CLI_INPUT;
    }
    if (rg_arena_init(&arena, ARENA) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    rg_err err = rg_genesis_codec_encode(&arena, g, &id, &bytes);
    if (err == RG_OK) {
        err = rg_file_create(path, bytes, 0644);
    }
    rg_arena_fini(&arena);
    if (err != RG_OK) {
        rg_say_error("%s: cannot be made: %s", path, rg_err_text(err));
        return RG_CLI_CREATE;
    }
    rg_hex_format(id.b, RG_HASH_BYTES, hex);
    if (cli->json) {
        return rg_status_json_line(
            json_pack("{s:s,s:s,s:s}", "ledger", g->name, "ledger_id", hex, "file", path));
    }
    (void)printf("ledger     %s\nledger_id  %s\nfile       %s\n", g->name, hex, path);
    rg_say_note("every agency compares the ledger_id with the others before it starts its node");
    return RG_CLI_OK;
}

static int run_create(struct rg_cli *cli)
{
    const char *out = rg_opts_get(cli, "out");
    struct rg_genesis *g = calloc(1, sizeof *g);
    if (g == NULL || rg_sign_start() != RG_OK) {
        free(g);
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    int code = rg_genesis_read(cli->args[0], g);
    if (code == RG_CLI_OK) {
        code = encode_and_write(cli, g, out == NULL ? "genesis.bin" : out);
    }
    free(g);
    return code;
}

static json_t *principal_json(const struct rg_genesis *g, uint32_t i)
{
    const struct rg_principal *p = &g->principal[i];
    json_t *roles = json_array();
    for (uint32_t bit = 1; bit <= RG_ROLE_ALL; bit <<= 1) {
        if ((p->roles & bit) != 0) {
            (void)json_array_append_new(roles, json_string(rg_genesis_read_role(bit)));
        }
    }
    return json_pack("{s:i,s:s,s:s,s:o,s:o,s:o}", "principal", (int)i, "name", p->name, "agency",
                     g->agency[p->agency].name, "roles", roles, "sign_key",
                     rg_status_json_hex(p->sign_key.b, RG_KEY_BYTES), "curve_key",
                     rg_status_json_hex(p->curve_key.b, RG_KEY_BYTES));
}

static int show_json(const struct rg_genesis *g)
{
    char time[RG_TIME_TEXT_MAX];
    json_t *principals = json_array();
    json_t *authorities = json_array();
    for (uint32_t i = 0; i < g->principal_count; i++) {
        (void)json_array_append_new(principals, principal_json(g, i));
    }
    for (uint32_t i = 0; i < g->authority_count; i++) {
        (void)json_array_append_new(authorities, json_string(g->principal[g->authority[i]].name));
    }
    rg_time_format((int64_t)g->time_ms, time);
    return rg_status_json_line(json_pack(
        "{s:s,s:o,s:s,s:I,s:o,s:o}", "ledger", g->name, "ledger_id",
        rg_status_json_hex(g->ledger_id.b, RG_HASH_BYTES), "time", time, "tick_ms",
        (json_int_t)g->parameters.tick_ms, "authorities", authorities, "principals", principals));
}

static void show_table(const struct rg_genesis *g)
{
    char time[RG_TIME_TEXT_MAX];
    char hex[2 * RG_HASH_BYTES + 1];
    rg_time_format((int64_t)g->time_ms, time);
    rg_hex_format(g->ledger_id.b, RG_HASH_BYTES, hex);
    (void)printf("ledger     %s\nledger_id  %s\ntime       %s\ntick       %llu ms\n\n", g->name,
                 hex, time, (unsigned long long)g->parameters.tick_ms);
    (void)printf("%9s  %-16s %-16s %-9s %s\n", "principal", "name", "agency", "authority", "roles");
    for (uint32_t i = 0; i < g->principal_count; i++) {
        const struct rg_principal *p = &g->principal[i];
        const uint32_t turn = rg_genesis_authority_of(g, i);
        char order[16] = "";
        if (turn != UINT32_MAX) {
            (void)snprintf(order, sizeof order, "%u", turn + 1);
        }
        (void)printf("%9u  %-16s %-16s %-9s", i, p->name, g->agency[p->agency].name, order);
        for (uint32_t bit = 1; bit <= RG_ROLE_ALL; bit <<= 1) {
            if ((p->roles & bit) != 0) {
                (void)printf(" %s", rg_genesis_read_role(bit));
            }
        }
        (void)printf("\n");
    }
}

static int run_show(struct rg_cli *cli)
{
    uint8_t *data = NULL;
    size_t len = 0;
    const char *why = "";
    struct rg_genesis *g = calloc(1, sizeof *g);
    if (g == NULL || rg_sign_start() != RG_OK) {
        free(g);
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    rg_err err = rg_file_read(cli->args[0], RG_GENESIS_MAX, &data, &len);
    if (err == RG_OK) {
        err = rg_genesis_codec_decode((struct rg_bytes){data, len}, g, &why);
    }
    free(data);
    int code = RG_CLI_OK;
    if (err != RG_OK) {
        rg_say_error("%s: no genesis: %s", cli->args[0], why[0] != '\0' ? why : rg_err_text(err));
        code = RG_CLI_INPUT;
    } else if (cli->json) {
        code = show_json(g);
    } else {
        show_table(g);
    }
    free(g);
    return code;
}

static const struct rg_cli_option create_options[] = {
    {"out", "FILE", "where to (genesis.bin)"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_genesis_create = {
    .name = "genesis create",
    .args = "FILE",
    .summary = "make a genesis from the agencies' public parts",
    .detail = "Reads a description in YAML (ledger, process, agencies with their admin_key and "
              "principals, authorities) and writes the first state of a ledger. Its hash is the "
              "ledger's id, which every agency compares with the others.",
    .options = create_options,
    .examples = {"reigen genesis create agencies.yaml --out genesis.bin",
                 "reigen genesis create agencies.yaml --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run_create,
};

const struct rg_cli_command rg_cmd_genesis_show = {
    .name = "genesis show",
    .args = "FILE",
    .summary = "who is who on a ledger",
    .detail = "Prints a genesis: ledger id, agencies, principals with their roles, authorities in "
              "the order of their turns.",
    .examples = {"reigen genesis show genesis.bin", "reigen genesis show net/genesis.bin --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};
