/* Votes and certificates: what decodes encodes to the same bytes again. */
#include "base/bytes.h"
#include "base/panic.h"
#include "consensus/cert.h"
#include "consensus/vote.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rg_bytes in = {.data = data, .len = size};
    static uint8_t out[RG_CERT_MAX];
    struct rg_vote v;
    struct rg_cert c;
    size_t len = 0;
    if (rg_vote_decode(in, &v) == RG_OK) {
        rg_vote_encode(&v, out);
        RG_ASSERT(rg_bytes_eq(in, (struct rg_bytes){out, RG_VOTE_BYTES}));
    }
    if (rg_cert_decode(in, &c) == RG_OK) {
        RG_ASSERT(rg_cert_encode(&c, out, sizeof out, &len) == RG_OK);
        RG_ASSERT(rg_bytes_eq(in, (struct rg_bytes){out, len}));
    }
    return 0;
}
