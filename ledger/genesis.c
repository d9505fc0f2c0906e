#include "ledger/genesis.h"

#define DAY_MS UINT64_C(86400000)

void rg_genesis_default_parameters(struct rg_parameters *out)
{
    *out = (struct rg_parameters){.tick_ms = 60000,
                                  .leader_timeout_ms = 1000,
                                  .view_timeout_ms = 2000,
                                  .status_ms = 1000,
                                  .skip_ms = 5000,
                                  .timeout_cap_ms = 30000,
                                  .empty_interval_ms = 100,
                                  .clock_drift_ms = 2000};
}

/* Names: letters, digits and - _ . only, so that they can stand in topics, paths and tables. */
static bool good_name(const char *name)
{
    size_t len = 0;
    for (; len <= RG_NAME_MAX && name[len] != '\0'; len++) {
        const char c = name[len];
        const bool alnum =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (len == 0 || (c != '-' && c != '_' && c != '.'))) {
            return false;
        }
    }
    return len > 0 && len <= RG_NAME_MAX;
}

static bool same_key(const struct rg_pubkey *a, const struct rg_pubkey *b)
{
    return memcmp(a->b, b->b, RG_KEY_BYTES) == 0;
}

static const char *check_parameters(const struct rg_parameters *p)
{
    if (p->tick_ms < 100 || p->tick_ms > DAY_MS) {
        return "tick_ms is outside 100 ms to one day";
    }
    if (p->leader_timeout_ms < 10 || p->leader_timeout_ms > p->view_timeout_ms ||
        p->view_timeout_ms > p->timeout_cap_ms || p->timeout_cap_ms > DAY_MS) {
        return "timeouts must obey 10 ms <= leader <= view <= cap <= one day";
    }
    if (p->status_ms < 10 || p->status_ms >= p->skip_ms || p->skip_ms > DAY_MS) {
        return "status_ms must be at least 10 ms and below skip_ms";
    }
    if (p->empty_interval_ms > p->leader_timeout_ms || p->clock_drift_ms > DAY_MS) {
        return "empty_interval_ms is over the leader timeout, or clock_drift_ms over one day";
    }
    return NULL;
}

static const char *check_agencies(const struct rg_genesis *g)
{
    if (g->agency_count == 0 || g->agency_count > RG_AGENCIES_MAX) {
        return "there must be 1 to 64 agencies";
    }
    for (uint32_t i = 0; i < g->agency_count; i++) {
        const struct rg_genesis_agency *a = &g->agency[i];
        if (!good_name(a->name)) {
            return "an agency's name is not made of letters, digits, '-', '_' and '.'";
        }
        if (a->class != RG_AGENCY_BUND && a->class != RG_AGENCY_LAND) {
            return "an agency's class is neither Bund nor Land";
        }
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(a->name, g->agency[j].name) == 0) {
                return "two agencies have one name";
            }
        }
    }
    return NULL;
}

static const char *check_principals(const struct rg_genesis *g)
{
    if (g->principal_count == 0 || g->principal_count > RG_PRINCIPALS_MAX) {
        return "there must be 1 to 1024 principals";
    }
    for (uint32_t i = 0; i < g->principal_count; i++) {
        const struct rg_principal *p = &g->principal[i];
        if (!good_name(p->name) || p->agency >= g->agency_count) {
            return "a principal's name or agency is not valid";
        }
        if (p->roles == 0 || (p->roles & ~RG_ROLE_ALL) != 0 ||
            ((p->roles & RG_ROLE_NODE) != 0 && p->roles != RG_ROLE_NODE)) {
            return "a principal's roles are not valid (a node has no other role)";
        }
        if (p->valid_to_ms != 0 && p->valid_to_ms <= p->valid_from_ms) {
            return "a principal's validity ends before it begins";
        }
        for (uint32_t j = 0; j < i; j++) {
            const struct rg_principal *o = &g->principal[j];
            if (strcmp(p->name, o->name) == 0 || same_key(&p->sign_key, &o->sign_key) ||
                same_key(&p->curve_key, &o->curve_key)) {
                return "two principals share a name or a key";
            }
        }
    }
    return NULL;
}

static const char *check_authorities(const struct rg_genesis *g)
{
    if (g->authority_count == 0 || g->authority_count > RG_AUTHORITIES_MAX) {
        return "there must be 1 to 64 authorities";
    }
    for (uint32_t i = 0; i < g->authority_count; i++) {
        const uint32_t p = g->authority[i];
        if (p >= g->principal_count || g->principal[p].roles != RG_ROLE_NODE) {
            return "an authority is not a principal with the role node";
        }
        for (uint32_t j = 0; j < i; j++) {
            if (g->authority[j] == p) {
                return "an authority is named twice";
            }
        }
    }
    return NULL;
}

static const char *check_nodes(const struct rg_genesis *g)
{
    uint64_t agencies = 0;
    for (uint32_t i = 0; i < g->principal_count; i++) {
        const uint64_t bit = UINT64_C(1) << g->principal[i].agency;
        if (g->principal[i].roles != RG_ROLE_NODE) {
            continue;
        }
        if ((agencies & bit) != 0) {
            return "an agency has more than one node";
        }
        agencies |= bit;
    }
    return NULL;
}

rg_err rg_genesis_check(const struct rg_genesis *g, const char **out_why)
{
    const char *why = good_name(g->name) ? NULL : "the ledger's name is not valid";
    if (why == NULL) {
        why = check_parameters(&g->parameters);
    }
    if (why == NULL) {
        why = check_agencies(g);
    }
    if (why == NULL) {
        why = check_principals(g);
    }
    if (why == NULL) {
        why = check_authorities(g);
    }
    if (why == NULL) {
        why = check_nodes(g);
    }
    if (why == NULL && (g->definition_len == 0 || g->definition_len > RG_DEFINITION_MAX)) {
        why = "the process definition is missing or too large";
    }
    if (why != NULL) {
        *out_why = why;
        return RG_ERR_INVALID;
    }
    return RG_OK;
}

uint32_t rg_genesis_find_principal(const struct rg_genesis *g, const char *name)
{
    for (uint32_t i = 0; i < g->principal_count; i++) {
        if (strcmp(g->principal[i].name, name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t rg_genesis_find_agency(const struct rg_genesis *g, const char *name)
{
    for (uint32_t i = 0; i < g->agency_count; i++) {
        if (strcmp(g->agency[i].name, name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t rg_genesis_find_curve(const struct rg_genesis *g, const struct rg_pubkey *curve_key)
{
    for (uint32_t i = 0; i < g->principal_count; i++) {
        if (same_key(&g->principal[i].curve_key, curve_key)) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t rg_genesis_authority_of(const struct rg_genesis *g, uint32_t principal)
{
    for (uint32_t i = 0; i < g->authority_count; i++) {
        if (g->authority[i] == principal) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t rg_genesis_node_count(const struct rg_genesis *g)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->principal_count; i++) {
        count += g->principal[i].roles == RG_ROLE_NODE ? 1 : 0;
    }
    return count;
}

uint32_t rg_genesis_node_at(const struct rg_genesis *g, uint32_t place)
{
    if (place < g->authority_count) {
        return g->authority[place];
    }
    uint32_t at = g->authority_count;
    for (uint32_t i = 0; i < g->principal_count; i++) {
        if (g->principal[i].roles == RG_ROLE_NODE && rg_genesis_authority_of(g, i) == UINT32_MAX &&
            at++ == place) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t rg_genesis_place_of(const struct rg_genesis *g, uint32_t principal)
{
    const uint32_t count = rg_genesis_node_count(g);
    for (uint32_t place = 0; place < count; place++) {
        if (rg_genesis_node_at(g, place) == principal) {
            return place;
        }
    }
    return UINT32_MAX;
}

uint32_t rg_genesis_node_of(const struct rg_genesis *g, uint32_t agency)
{
    for (uint32_t i = 0; i < g->principal_count; i++) {
        if (g->principal[i].roles == RG_ROLE_NODE && g->principal[i].agency == agency) {
            return i;
        }
    }
    return UINT32_MAX;
}
