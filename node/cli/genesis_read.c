#include "node/cli/genesis_read.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/time.h"
#include "node/cli/cli.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include "rules/definition.h"
#include "rules/yaml.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    uint32_t bit;
    const char *name;
} roles[] = {
    {RG_ROLE_NODE, "node"},       {RG_ROLE_CASE_SYSTEM, "case-system"},
    {RG_ROLE_OFFICER, "officer"}, {RG_ROLE_MONITOR, "monitor"},
    {RG_ROLE_AUDITOR, "auditor"}, {RG_ROLE_OPERATOR, "operator"},
};

#define ROLES (sizeof roles / sizeof roles[0])

const char *rg_genesis_read_role(uint32_t bit)
{
    for (size_t i = 0; i < ROLES; i++) {
        if (roles[i].bit == bit) {
            return roles[i].name;
        }
    }
    return NULL;
}

static void read_name(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                      char out[RG_NAME_MAX + 1])
{
    const char *text = rg_yaml_str(doc, map, key, RG_NAME_MAX, true);
    (void)snprintf(out, RG_NAME_MAX + 1, "%s", text == NULL ? "" : text);
}

static void read_key(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                     struct rg_pubkey *out)
{
    const char *text = rg_yaml_str(doc, map, key, 64, true);
    if (text != NULL && rg_hex_parse(text, out->b, RG_KEY_BYTES) != RG_OK) {
        rg_yaml_report(doc, rg_yaml_get(map, key), "%s is not 64 hexadecimal digits", key);
    }
}

static uint32_t read_roles(struct rg_yaml *doc, const struct rg_yaml_node *map)
{
    const struct rg_yaml_node *list = rg_yaml_list(doc, map, "roles", true);
    uint32_t bits = 0;
    for (const struct rg_yaml_node *r = rg_yaml_first(list); r != NULL; r = rg_yaml_next(r)) {
        uint32_t bit = 0;
        for (size_t i = 0; i < ROLES; i++) {
            bit = r->text != NULL && strcmp(r->text, roles[i].name) == 0 ? roles[i].bit : bit;
        }
        if (bit == 0) {
            rg_yaml_report(doc, r,
                           "unknown role; it is node, case-system, officer, monitor, auditor "
                           "or operator");
        }
        bits |= bit;
    }
    return bits;
}

static void read_principal(struct rg_yaml *doc, const struct rg_yaml_node *map, uint32_t agency,
                           struct rg_genesis *g)
{
    static const char *const keys[] = {"name", "roles", "sign_key", "curve_key"};
    if (g->principal_count == RG_PRINCIPALS_MAX) {
        rg_yaml_report(doc, map, "more than %d principals", RG_PRINCIPALS_MAX);
        return;
    }
    struct rg_principal *p = &g->principal[g->principal_count++];
    rg_yaml_only(doc, map, keys, sizeof keys / sizeof keys[0]);
    read_name(doc, map, "name", p->name);
    read_key(doc, map, "sign_key", &p->sign_key);
    read_key(doc, map, "curve_key", &p->curve_key);
    p->agency = agency;
    p->roles = read_roles(doc, map);
}

static void read_agency(struct rg_yaml *doc, const struct rg_yaml_node *map, struct rg_genesis *g)
{
    static const char *const keys[] = {"name", "class", "admin_key", "principals"};
    if (g->agency_count == RG_AGENCIES_MAX) {
        rg_yaml_report(doc, map, "more than %d agencies", RG_AGENCIES_MAX);
        return;
    }
    const uint32_t index = g->agency_count++;
    struct rg_genesis_agency *a = &g->agency[index];
    rg_yaml_only(doc, map, keys, sizeof keys / sizeof keys[0]);
    read_name(doc, map, "name", a->name);
    read_key(doc, map, "admin_key", &a->admin_key);
    const char *class = rg_yaml_str(doc, map, "class", 8, true);
    if (class != NULL && strcmp(class, "bund") == 0) {
        a->class = RG_AGENCY_BUND;
    } else if (class != NULL && strcmp(class, "land") == 0) {
        a->class = RG_AGENCY_LAND;
    } else {
        rg_yaml_report(doc, rg_yaml_get(map, "class"), "class is bund or land");
    }
    const struct rg_yaml_node *list = rg_yaml_list(doc, map, "principals", true);
    for (const struct rg_yaml_node *p = rg_yaml_first(list); p != NULL; p = rg_yaml_next(p)) {
        read_principal(doc, p, index, g);
    }
}

/* The order of turns: as listed, else every node in the order of the file. */
static void read_authorities(struct rg_yaml *doc, const struct rg_yaml_node *root,
                             struct rg_genesis *g)
{
    const struct rg_yaml_node *list = rg_yaml_list(doc, root, "authorities", false);
    for (const struct rg_yaml_node *a = rg_yaml_first(list); a != NULL; a = rg_yaml_next(a)) {
        const uint32_t p = a->text == NULL ? UINT32_MAX : rg_genesis_find_principal(g, a->text);
        if (p == UINT32_MAX || g->authority_count == RG_AUTHORITIES_MAX) {
            rg_yaml_report(doc, a, "no principal of this name, or too many authorities");
        } else {
            g->authority[g->authority_count++] = p;
        }
    }
    for (uint32_t i = 0; list == NULL && i < g->principal_count; i++) {
        if ((g->principal[i].roles & RG_ROLE_NODE) != 0 &&
            g->authority_count < RG_AUTHORITIES_MAX) {
            g->authority[g->authority_count++] = i;
        }
    }
}

static void read_parameters(struct rg_yaml *doc, const struct rg_yaml_node *root,
                            struct rg_genesis *g)
{
    static const char *const keys[] = {"tick"};
    rg_genesis_default_parameters(&g->parameters);
    const struct rg_yaml_node *map = rg_yaml_map(doc, root, "parameters", false);
    if (map != NULL) {
        rg_yaml_only(doc, map, keys, 1);
        g->parameters.tick_ms =
            (uint64_t)rg_yaml_duration(doc, map, "tick", (int64_t)g->parameters.tick_ms);
    }
}

/* The definition's path is relative to the description. */
static void read_definition(struct rg_yaml *doc, const struct rg_yaml_node *root, const char *path,
                            struct rg_genesis *g)
{
    char file[RG_CLI_PATH_MAX];
    char text[RG_DEFINITION_ERROR_MAX];
    uint8_t *data = NULL;
    size_t len = 0;
    struct rg_definition *def = NULL;
    const char *name = rg_yaml_str(doc, root, "process", 1024, true);
    const char *slash = strrchr(path, '/');
    if (name == NULL) {
        return;
    }
    (void)snprintf(file, sizeof file, "%.*s%s",
                   slash == NULL || name[0] == '/' ? 0 : (int)(slash - path) + 1, path, name);
    if (rg_file_read(file, RG_DEFINITION_MAX, &data, &len) != RG_OK) {
        rg_yaml_report(doc, rg_yaml_get(root, "process"), "cannot read %s", file);
        return;
    }
    if (rg_definition_parse(file, (struct rg_bytes){data, len}, &def, text) != RG_OK) {
        rg_say_error("%s", text);
        rg_yaml_report(doc, rg_yaml_get(root, "process"), "the process definition is not valid");
    } else {
        memcpy(g->definition, data, len);
        g->definition_len = (uint32_t)len;
    }
    rg_definition_destroy(&def);
    free(data);
}

static void read_time(struct rg_yaml *doc, const struct rg_yaml_node *root, struct rg_genesis *g)
{
    const char *text = rg_yaml_str(doc, root, "time", RG_TIME_TEXT_MAX, false);
    struct timespec now = {0};
    int64_t ms = 0;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (text == NULL) {
        g->time_ms = (uint64_t)now.tv_sec * 1000;
    } else if (rg_time_parse(rg_bytes_str(text), &ms) == RG_OK) {
        g->time_ms = (uint64_t)ms;
    } else {
        rg_yaml_report(doc, rg_yaml_get(root, "time"),
                       "no time; write it like "
                       "2026-03-01T09:30:00Z");
    }
}

int rg_genesis_read(const char *path, struct rg_genesis *out)
{
    static const char *const keys[] = {"ledger",   "time",        "process",
                                       "agencies", "authorities", "parameters"};
    char text[RG_YAML_ERROR_MAX];
    struct rg_yaml *doc = NULL;
    const rg_err err = rg_yaml_load(path, &doc, text);
    if (err != RG_OK) {
        rg_say_error("%s", text[0] != '\0' ? text : rg_err_text(err));
        return RG_CLI_INPUT;
    }
    const struct rg_yaml_node *root = rg_yaml_root(doc);
    memset(out, 0, sizeof *out);
    rg_yaml_only(doc, root, keys, sizeof keys / sizeof keys[0]);
    read_name(doc, root, "ledger", out->name);
    read_time(doc, root, out);
    read_parameters(doc, root, out);
    const struct rg_yaml_node *list = rg_yaml_list(doc, root, "agencies", true);
    for (const struct rg_yaml_node *a = rg_yaml_first(list); a != NULL; a = rg_yaml_next(a)) {
        read_agency(doc, a, out);
    }
    read_authorities(doc, root, out);
    read_definition(doc, root, path, out);
    const bool failed = rg_yaml_failed(doc);
    if (failed) {
        rg_say_error("%s", rg_yaml_errors(doc));
    }
    rg_yaml_destroy(&doc);
    return failed ? RG_CLI_INPUT : RG_CLI_OK;
}
