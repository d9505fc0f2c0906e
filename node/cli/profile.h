/* The profile: who this member is and where its node answers. Found by --profile, $REIGEN_PROFILE,
 * ./reigen.yaml or ~/.config/reigen/profile.yaml, in this order. */
#ifndef RG_CLI_PROFILE_H
#define RG_CLI_PROFILE_H

#include "base/limits.h"
#include "client/session.h"
#include "node/cli/cli.h"

struct rg_profile {
    char path[RG_CLI_PATH_MAX];
    char ledger[RG_NAME_MAX + 1];
    char agency[RG_NAME_MAX + 1];
    char member[RG_NAME_MAX + 1];
    uint32_t principal;
    char api[RG_LINE_ENDPOINT_MAX];
    char events[RG_LINE_ENDPOINT_MAX];
    struct rg_hash ledger_id;
    struct rg_pubkey server_key;
    struct rg_sign *key;
};

/* Read the profile at @path (NULL: found as above) with its key. Says on stderr what is wrong.
 * Returns 0 or the exit code (78, 77 when the key file is readable for others). @out is freed with
 * rg_profile_fini. */
int rg_profile_load(const char *path, struct rg_profile *out);
/* Wipe and free what it holds. */
void rg_profile_fini(struct rg_profile *p);
/* Load the call's profile and open a session on it. Returns 0 or the exit code, said on stderr.
 * Close with rg_profile_close. */
int rg_profile_open(const struct rg_cli *cli, struct rg_profile *profile, struct rg_session **out);
/* Open another session on @p. Returns 0 or the exit code, said on stderr. */
int rg_profile_session(const struct rg_profile *p, struct rg_session **out);
/* Close the session, wipe the profile, end the library. */
void rg_profile_close(struct rg_profile *profile, struct rg_session **s_p);

#endif /* RG_CLI_PROFILE_H */
