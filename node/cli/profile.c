#include "node/cli/profile.h"
#include "base/hex.h"
#include "node/cli/say.h"
#include "rules/yaml.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *find_path(const char *given, char buffer[RG_CLI_PATH_MAX])
{
    const char *env = getenv("REIGEN_PROFILE");
    const char *home = getenv("HOME");
    const char *config = getenv("XDG_CONFIG_HOME");
    if (given != NULL) {
        return given;
    }
    if (env != NULL && env[0] != '\0') {
        return env;
    }
    if (access("reigen.yaml", F_OK) == 0) {
        return "reigen.yaml";
    }
    if (config != NULL && config[0] == '/') {
        (void)snprintf(buffer, RG_CLI_PATH_MAX, "%s/reigen/profile.yaml", config);
    } else {
        (void)snprintf(buffer, RG_CLI_PATH_MAX, "%s/.config/reigen/profile.yaml",
                       home == NULL ? "" : home);
    }
    return buffer;
}

static void copy(char *to, size_t cap, const char *from)
{
    (void)snprintf(to, cap, "%s", from == NULL ? "" : from);
}

/* A 64-digit hex value at @key. */
static void hex_field(struct rg_yaml *doc, const struct rg_yaml_node *root, const char *key,
                      uint8_t out[32])
{
    const char *text = rg_yaml_str(doc, root, key, 64, true);
    if (text != NULL && rg_hex_parse(text, out, 32) != RG_OK) {
        rg_yaml_report(doc, rg_yaml_get(root, key), "%s is not 64 hexadecimal digits", key);
    }
}

static void read_fields(struct rg_yaml *doc, struct rg_profile *p, char key_path[RG_CLI_PATH_MAX])
{
    static const char *const keys[] = {"ledger", "ledger_id", "agency", "member",    "principal",
                                       "key",    "api",       "events", "server_key"};
    static const uint64_t principals[2] = {0, RG_PRINCIPALS_MAX - 1};
    const struct rg_yaml_node *root = rg_yaml_root(doc);
    rg_yaml_only(doc, root, keys, sizeof keys / sizeof keys[0]);
    copy(p->ledger, sizeof p->ledger, rg_yaml_str(doc, root, "ledger", RG_NAME_MAX, true));
    copy(p->agency, sizeof p->agency, rg_yaml_str(doc, root, "agency", RG_NAME_MAX, true));
    copy(p->member, sizeof p->member, rg_yaml_str(doc, root, "member", RG_NAME_MAX, true));
    copy(p->api, sizeof p->api, rg_yaml_str(doc, root, "api", RG_LINE_ENDPOINT_MAX - 1, true));
    copy(p->events, sizeof p->events,
         rg_yaml_str(doc, root, "events", RG_LINE_ENDPOINT_MAX - 1, true));
    copy(key_path, RG_CLI_PATH_MAX, rg_yaml_str(doc, root, "key", 1024, true));
    if (rg_yaml_get(root, "principal") == NULL) {
        rg_yaml_report(doc, root,
                       "`principal` is missing; it is this member's number in the "
                       "genesis, see `reigen genesis show`");
    }
    p->principal = (uint32_t)rg_yaml_u64(doc, root, "principal", principals, 0);
    hex_field(doc, root, "ledger_id", p->ledger_id.b);
    hex_field(doc, root, "server_key", p->server_key.b);
}

/* A path in a profile is relative to the profile's folder. */
static void beside(const char *profile, const char *name, char out[RG_CLI_PATH_MAX])
{
    const char *slash = strrchr(profile, '/');
    const int len = slash == NULL || name[0] == '/' ? 0 : (int)(slash - profile) + 1;
    const int put = snprintf(out, RG_CLI_PATH_MAX, "%.*s%s", len, profile, name);
    if (put < 0 || put >= RG_CLI_PATH_MAX) {
        out[0] = '\0'; /* too long to be a path: opening it fails and names the profile */
    }
}

static int load_key(struct rg_profile *p, const char *name)
{
    char path[RG_CLI_PATH_MAX];
    beside(p->path, name, path);
    const rg_err err = rg_sign_load(path, &p->key);
    if (err == RG_OK) {
        return RG_CLI_OK;
    }
    if (err == RG_ERR_DENIED) {
        rg_say_error("%s: the key file must be yours and closed to others; `chmod 600 %s`", path,
                     path);
        return RG_CLI_DENIED;
    }
    rg_say_error("%s: cannot read the key: %s; make one with `reigen keygen`", path,
                 rg_err_text(err));
    return RG_CLI_CONFIG;
}

int rg_profile_load(const char *given, struct rg_profile *out)
{
    char buffer[RG_CLI_PATH_MAX];
    char key_path[RG_CLI_PATH_MAX];
    char err_text[RG_YAML_ERROR_MAX];
    struct rg_yaml *doc = NULL;
    const char *path = find_path(given, buffer);
    memset(out, 0, sizeof *out);
    copy(out->path, sizeof out->path, path);
    const rg_err err = rg_yaml_load(path, &doc, err_text);
    if (err == RG_ERR_NOT_FOUND) {
        rg_say_error("no profile at %s; name one with --profile FILE or $REIGEN_PROFILE (a test "
                     "network has them at DIR/nodeI/profile.yaml)",
                     path);
        return RG_CLI_CONFIG;
    }
    if (err != RG_OK) {
        rg_say_error("%s", err_text[0] != '\0' ? err_text : rg_err_text(err));
        return RG_CLI_CONFIG;
    }
    read_fields(doc, out, key_path);
    const bool failed = rg_yaml_failed(doc);
    if (failed) {
        rg_say_error("%s", rg_yaml_errors(doc));
    }
    rg_yaml_destroy(&doc);
    if (failed) {
        return RG_CLI_CONFIG;
    }
    return load_key(out, key_path);
}

void rg_profile_fini(struct rg_profile *p)
{
    rg_sign_destroy(&p->key);
}

int rg_profile_session(const struct rg_profile *p, struct rg_session **out)
{
    const struct rg_session_config config = {
        .api = p->api,
        .events = p->events,
        .server_key = p->server_key,
        .ledger = p->ledger_id,
        .member = p->principal,
        .key = p->key,
        .stop = &rg_say_stop,
    };
    const rg_err err = rg_session_open(&config, out);
    if (err != RG_OK) {
        rg_say_error("%s: cannot connect to `%s`: %s", p->path, p->api, rg_err_text(err));
        return err == RG_ERR_INVALID ? RG_CLI_CONFIG : RG_CLI_INTERNAL;
    }
    return RG_CLI_OK;
}

int rg_profile_open(const struct rg_cli *cli, struct rg_profile *profile, struct rg_session **out)
{
    memset(profile, 0, sizeof *profile);
    int code = rg_say_start();
    code = code == RG_CLI_OK ? rg_profile_load(cli->profile, profile) : code;
    return code != RG_CLI_OK ? code : rg_profile_session(profile, out);
}

void rg_profile_close(struct rg_profile *profile, struct rg_session **s_p)
{
    rg_session_close(s_p);
    rg_profile_fini(profile);
    rg_session_finish();
}
