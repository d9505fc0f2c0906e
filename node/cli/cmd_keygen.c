#include "base/hex.h"
#include "node/cli/commands.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <stdio.h>

static int make(const struct rg_cli *cli, const char *path)
{
    char sign_key[2 * RG_KEY_BYTES + 1];
    char curve_key[2 * RG_KEY_BYTES + 1];
    struct rg_sign *key = NULL;
    rg_err err = rg_sign_new(&key);
    if (err == RG_OK) {
        err = rg_sign_save(key, path);
    }
    if (err != RG_OK) {
        rg_say_error("%s: %s", path,
                     err == RG_ERR_EXISTS ? "exists already; a key is never overwritten"
                                          : rg_err_text(err));
        rg_sign_destroy(&key);
        return RG_CLI_CREATE;
    }
    rg_hex_format(rg_sign_pubkey(key)->b, RG_KEY_BYTES, sign_key);
    rg_hex_format(rg_sign_curve_pubkey(key)->b, RG_KEY_BYTES, curve_key);
    rg_sign_destroy(&key);
    if (cli->json) {
        return rg_status_json_line(
            json_pack("{s:s,s:s,s:s}", "file", path, "sign_key", sign_key, "curve_key", curve_key));
    }
    (void)printf("sign_key: %s\ncurve_key: %s\n", sign_key, curve_key);
    rg_say_note("%s holds the secret part: keep it on this machine. The two lines above are the "
                "public part, for the genesis.",
                path);
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    if (rg_sign_start() != RG_OK) {
        rg_say_error("the crypto library cannot start");
        return RG_CLI_INTERNAL;
    }
    return make(cli, cli->args[0]);
}

const struct rg_cli_command rg_cmd_keygen = {
    .name = "keygen",
    .args = "FILE",
    .summary = "make the keys of a node, a member or an agency's administration",
    .detail =
        "Makes a signing key and a transport key, writes the secret parts to a new file that "
        "only its owner may read, and prints the public parts. An agency's admin key votes on who "
        "takes turns; the genesis holds its sign_key as admin_key.",
    .examples = {"reigen keygen node.key > node.pub", "reigen keygen admin.key --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
