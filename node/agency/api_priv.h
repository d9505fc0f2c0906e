/* The inside of the api, shared by its files. */
#ifndef RG_AGENCY_API_PRIV_H
#define RG_AGENCY_API_PRIV_H

#include "base/arena.h"
#include "node/agency/api.h"

#define RG_API_TEXT_MAX 1024u

/* A request that waits for the monitor. */
struct rg_api_waiter {
    uint64_t token; /* 0: free */
    struct rg_submit_client client;
    uint64_t case_no;
};

/* A listing of events that waits until the node has followed the ledger. */
struct rg_api_parked {
    uint64_t height; /* up to which; 0: free */
    uint64_t after;
    uint64_t give_up_ms;
    struct rg_submit_client client;
};

/* A long result, given out in pages. */
struct rg_api_page {
    uint64_t token; /* 0: free */
    uint32_t principal;
    uint64_t made_ms;
    uint8_t *data;
    size_t len;
};

struct rg_api {
    struct rg_api_config c;
    uint32_t agency;
    struct rg_arena decode;
    struct rg_arena encode;
    struct rg_arena build;
    struct rg_api_waiter waiter[RG_API_PENDING_MAX];
    struct rg_api_parked parked[RG_API_PARKED_MAX];
    struct rg_api_page page[RG_API_PAGES_MAX];
    size_t page_bytes;
    uint64_t last_token;
    uint64_t frames;
    bool have_status;
    uint64_t height; /* of the ledger, as far as told */
    struct rg_link_status status;
    struct rg_api_now now; /* of the present call */
};

/* Answer with an exit code and a sentence. */
void rg_api__error(struct rg_api *a, const struct rg_submit_client *client, uint32_t code,
                   const char *text);
/* Tell the client of an error that passes and return RG_OK; others are handed on. */
rg_err rg_api__excuse(struct rg_api *a, const struct rg_submit_client *client, rg_err err);
/* A free place for a request that waits; NULL: none (the client was told). */
struct rg_api_waiter *rg_api__wait(struct rg_api *a, const struct rg_submit_client *client);
/* The handlers by kind. Errors: as rg_api_on_frame(). */
rg_err rg_api__case(struct rg_api *a, const struct rg_submit_client *client,
                    const struct rg_request *r);
rg_err rg_api__alerts(struct rg_api *a, const struct rg_submit_client *client,
                      const struct rg_request *r);
rg_err rg_api__events(struct rg_api *a, const struct rg_submit_client *client,
                      const struct rg_request *r);
rg_err rg_api__definition(struct rg_api *a, const struct rg_submit_client *client,
                          const struct rg_request *r);
rg_err rg_api__motions(struct rg_api *a, const struct rg_submit_client *client);
void rg_api__status(struct rg_api *a, const struct rg_submit_client *client);
/* Find the case that a request names. Errors: RG_ERR_NOT_FOUND; RG_ERR_INVALID names none. */
rg_err rg_api__find_case(struct rg_api *a, const struct rg_request *r, uint64_t *out);

#endif /* RG_AGENCY_API_PRIV_H */
