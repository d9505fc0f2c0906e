/* The first state of a ledger: agencies, principals, authorities, parameters, process definition.
 * Plain data; proto/genesis_codec.h makes it from bytes. The hash of those bytes is the ledger's
 * id. */
#ifndef RG_LEDGER_GENESIS_H
#define RG_LEDGER_GENESIS_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"

/* Roles of a principal, as bits. */
#define RG_ROLE_NODE 1u
#define RG_ROLE_CASE_SYSTEM 2u
#define RG_ROLE_OFFICER 4u
#define RG_ROLE_MONITOR 8u
#define RG_ROLE_AUDITOR 16u
#define RG_ROLE_OPERATOR 32u
#define RG_ROLE_ALL 63u

enum rg_agency_class {
    RG_AGENCY_NONE,
    RG_AGENCY_BUND,
    RG_AGENCY_LAND
};

struct rg_genesis_agency {
    char name[RG_NAME_MAX + 1];
    enum rg_agency_class class;
    struct rg_pubkey admin_key;
};

struct rg_principal {
    char name[RG_NAME_MAX + 1];
    uint32_t agency; /* index */
    uint32_t roles;
    struct rg_pubkey sign_key;
    struct rg_pubkey curve_key;
    uint64_t valid_from_ms;
    uint64_t valid_to_ms; /* 0: no end */
};

struct rg_parameters {
    uint64_t tick_ms;
    uint64_t leader_timeout_ms;
    uint64_t view_timeout_ms;
    uint64_t status_ms;
    uint64_t skip_ms;
    uint64_t timeout_cap_ms;
    uint64_t empty_interval_ms;
    uint64_t clock_drift_ms;
};

struct rg_genesis {
    struct rg_hash ledger_id; /* hash of the bytes it came from */
    char name[RG_NAME_MAX + 1];
    uint64_t time_ms;
    struct rg_parameters parameters;
    uint32_t agency_count;
    uint32_t principal_count;
    uint32_t authority_count;
    struct rg_genesis_agency agency[RG_AGENCIES_MAX];
    struct rg_principal principal[RG_PRINCIPALS_MAX];
    uint32_t authority[RG_AUTHORITIES_MAX]; /* principal indexes, in the order of their turns */
    uint32_t definition_len;
    uint8_t definition[RG_DEFINITION_MAX]; /* YAML bytes */
};

/* The parameters of decisions and docs/consensus.md: tick 60 s, leader 1 s, view 2 s, ... */
void rg_genesis_default_parameters(struct rg_parameters *out);
/* Whether @g obeys all rules: names unique and well-formed, every index in range, keys unique,
 * every authority a node, at most one node an agency, parameters within bounds. Gives the first
 * breach as a static sentence to @out_why. Errors: RG_ERR_INVALID. */
RG_CHECKED rg_err rg_genesis_check(const struct rg_genesis *g, const char **out_why);
/* The index of the principal or agency of that name, or UINT32_MAX. */
uint32_t rg_genesis_find_principal(const struct rg_genesis *g, const char *name);
uint32_t rg_genesis_find_agency(const struct rg_genesis *g, const char *name);
/* The principal whose transport key is @curve_key, or UINT32_MAX. */
uint32_t rg_genesis_find_curve(const struct rg_genesis *g, const struct rg_pubkey *curve_key);
/* The place in the authority set of principal @principal, or UINT32_MAX. */
uint32_t rg_genesis_authority_of(const struct rg_genesis *g, uint32_t principal);
/* The nodes of the ledger have places: first the genesis' authorities in the order of their turns,
 * then the other principals with the role node, by index. Peers name each other by place, whoever
 * takes turns in an epoch. */
uint32_t rg_genesis_node_count(const struct rg_genesis *g);
/* The principal of the node at @place, or UINT32_MAX. */
uint32_t rg_genesis_node_at(const struct rg_genesis *g, uint32_t place);
/* The place of principal @principal among the nodes, or UINT32_MAX. */
uint32_t rg_genesis_place_of(const struct rg_genesis *g, uint32_t principal);
/* The node of agency @agency (a principal), or UINT32_MAX. */
uint32_t rg_genesis_node_of(const struct rg_genesis *g, uint32_t agency);

#endif /* RG_LEDGER_GENESIS_H */
