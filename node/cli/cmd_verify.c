#include "base/hex.h"
#include "node/audit.h"
#include "node/cli/commands.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "proto/genesis_codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int exit_code(rg_err err)
{
    switch ((int)err) {
    case RG_OK:
        return RG_CLI_OK;
    case RG_ERR_CORRUPT:
        return RG_CLI_NO;
    case RG_ERR_BUSY:
        return RG_CLI_AGAIN;
    case RG_ERR_NOT_FOUND:
    case RG_ERR_INVALID:
    case RG_ERR_VERSION:
        return RG_CLI_INPUT;
    case RG_ERR_DENIED:
        return RG_CLI_DENIED;
    case RG_ERR_IO:
    case RG_ERR_DISK_FULL:
        return RG_CLI_DISK;
    default:
        return RG_CLI_INTERNAL;
    }
}

/* Say why the check could not be made or what it found. */
static void say_failure(const char *data, rg_err err, const struct rg_audit_report *r)
{
    if (err == RG_ERR_BUSY) {
        rg_say_error("%s: the node runs; stop it first, then verify again", data);
    } else if (err == RG_ERR_CORRUPT) {
        rg_say_error("%s: first fault at height %" PRIu64 ": %s", data, r->height, r->fault);
    } else if (r->fault[0] != '\0') {
        rg_say_error("%s: %s", data, r->fault);
    } else {
        rg_say_error("%s: cannot be checked: %s", data, rg_err_text(err));
    }
}

static int print_json(const struct rg_audit_report *r)
{
    return rg_status_json_line(json_pack(
        "{s:b,s:I,s:o,s:o,s:I,s:I,s:o,s:o,s:I,s:I,s:I,s:I,s:I}", "ok", (int)r->ok, "height",
        (json_int_t)r->height, "fault", r->fault[0] == '\0' ? json_null() : json_string(r->fault),
        "note", r->note[0] == '\0' ? json_null() : json_string(r->note), "blocks",
        (json_int_t)r->blocks, "tip", (json_int_t)r->tip, "tip_hash",
        rg_status_json_hex(r->tip_hash.b, RG_HASH_BYTES), "digest",
        rg_status_json_hex(r->digest.b, RG_HASH_BYTES), "submissions", (json_int_t)r->submissions,
        "entries", (json_int_t)r->entries, "certificates", (json_int_t)r->certificates,
        "journal_records", (json_int_t)r->journal_records, "store_records",
        (json_int_t)r->store_records));
}

static void print_table(const struct rg_audit_report *r)
{
    char hex[2 * RG_HASH_BYTES + 1];
    (void)printf("blocks        %" PRIu64 " checked and executed, up to height %" PRIu64 "\n",
                 r->blocks, r->tip);
    rg_hex_format(r->tip_hash.b, RG_HASH_BYTES, hex);
    (void)printf("hash          %s\n", hex);
    rg_hex_format(r->digest.b, RG_HASH_BYTES, hex);
    (void)printf("digest        %s\n", hex);
    (void)printf("submissions   %" PRIu64 " with %" PRIu64 " entries\n", r->submissions,
                 r->entries);
    (void)printf("certificates  %" PRIu64 "\n", r->certificates);
    (void)printf("journal       %" PRIu64 " records\n", r->journal_records);
    (void)printf("stores        %" PRIu64 " records\n", r->store_records);
    if (r->note[0] != '\0') {
        (void)printf("note          %s\n", r->note);
    }
    (void)printf("%severything holds%s\n", rg_say_colour("green"), rg_say_colour("off"));
}

static int check(const struct rg_cli *cli, const char *data, const struct rg_genesis *g)
{
    static struct rg_audit_report report;
    const rg_err err = rg_audit_run(data, g, &report);
    if (err != RG_OK) {
        say_failure(data, err, &report);
    }
    if (cli->json && (err == RG_OK || err == RG_ERR_CORRUPT)) {
        const int code = print_json(&report);
        return code != RG_CLI_OK ? code : exit_code(err);
    }
    if (err == RG_OK) {
        print_table(&report);
    }
    return exit_code(err);
}

static int load_genesis(const char *path, struct rg_genesis *g)
{
    const char *why = "";
    uint8_t *bytes = NULL;
    size_t len = 0;
    rg_err err = rg_file_read(path, RG_GENESIS_MAX, &bytes, &len);
    if (err == RG_OK) {
        err = rg_genesis_codec_decode((struct rg_bytes){bytes, len}, g, &why);
    }
    free(bytes);
    if (err != RG_OK) {
        rg_say_error("%s: cannot read the genesis: %s; name it with --genesis FILE", path,
                     why[0] != '\0' ? why : rg_err_text(err));
        return RG_CLI_INPUT;
    }
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    const char *data = rg_opts_get(cli, "data");
    const char *genesis = rg_opts_get(cli, "genesis");
    char path[RG_CLI_PATH_MAX];
    if (data == NULL) {
        rg_say_error("--data DIR is needed: the data folder of a node that is stopped");
        return RG_CLI_USAGE;
    }
    if (genesis == NULL) {
        if (rg_file_join(data, "../genesis.bin", path) != RG_OK) {
            rg_say_error("--data: the path is too long");
            return RG_CLI_USAGE;
        }
        genesis = path;
    }
    struct rg_genesis *g = calloc(1, sizeof *g);
    if (g == NULL || rg_sign_start() != RG_OK) {
        free(g);
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    int code = load_genesis(genesis, g);
    if (code == RG_CLI_OK) {
        code = check(cli, data, g);
    }
    free(g);
    return code;
}

static const struct rg_cli_option options[] = {
    {"data", "DIR", "the data folder of a node that is stopped"},
    {"genesis", "FILE", "the ledger's genesis (DIR/../genesis.bin)"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_verify = {
    .name = "verify",
    .args = "",
    .summary = "check everything a stopped node has on disk",
    .detail =
        "Checks every block, signature, certificate, checksum and digest from the genesis on, "
        "and executes every block again. Changes nothing. Ends with 1 and the height at the "
        "first fault, with 75 while the node runs.",
    .options = options,
    .examples = {"reigen verify --data /tmp/net/node1/data",
                 "reigen verify --data /var/lib/reigen/anker-dresden --genesis genesis.bin --json"},
    .run = run,
};
