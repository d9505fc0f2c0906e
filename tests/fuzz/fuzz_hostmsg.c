/* Messages to the rules host, and its answers as the node reads them. The first byte says whether
 * the rest is a message of its own or the body of a batch. */
#include "fuzz.h"
#include <string.h>

#include "base/panic.h"
#include "rules/host.h"
#include "tests/fuzz/fuzz_host.h"

static struct rg_host *host;  /* with a definition open */
static struct rg_host *fresh; /* for messages that open one */
static struct rg_hostmsg_buf in;
static struct rg_hostmsg_buf out;

static void read_answer(struct rg_bytes msg)
{
    uint64_t no = 0;
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    struct rg_reader r = rg_hostmsg_result(msg, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        while (rg_hostmsg_next_item(&r, &item)) {
            for (size_t i = 0; i < rg_hostmsg_event_count(&item); i++) {
                (void)rg_hostmsg_event(&item, i);
            }
        }
    }
}

static void start(void)
{
    rg_hostmsg_buf_init(&in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&out, RG_HOSTMSG_RESULT_MAX);
    RG_ASSERT(rg_host_create(NULL, &host) == RG_OK && rg_host_create(NULL, &fresh) == RG_OK);
    rg_hostmsg_put_open(&in, rg_bytes_str(definition));
    RG_ASSERT(rg_host_handle(host, (struct rg_bytes){in.data, in.len}, &out) == RG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (host == NULL) {
        start();
    }
    if (size < 1 || size > 65536) {
        return 0;
    }
    const struct rg_bytes rest = {data + 1, size - 1};
    read_answer(rest);
    if (data[0] % 2 == 0) {
        const bool opens = rg_hostmsg_kind_of(rest) == RG_HOSTMSG_OPEN;
        RG_ASSERT(rg_host_handle(opens ? fresh : host, rest, &out) == RG_OK);
        return 0;
    }
    /* A batch around the bytes: the head is right, so that they reach the cases. */
    rg_hostmsg_batch_begin(&in, 1);
    const size_t head = in.len;
    static uint8_t msg[65536 + 64];
    memcpy(msg, in.data, head);
    memcpy(msg + head, rest.data, rest.len);
    struct rg_writer w = rg_bytes_writer(msg, 4);
    rg_bytes_put_u32(&w, (uint32_t)(head + rest.len - 4));
    RG_ASSERT(rg_host_handle(host, (struct rg_bytes){msg, head + rest.len}, &out) == RG_OK);
    if (rg_hostmsg_kind_of((struct rg_bytes){out.data, out.len}) == RG_HOSTMSG_RESULT) {
        read_answer((struct rg_bytes){out.data, out.len});
    }
    return 0;
}
