/* Messages to the rules host, and its answers as the node reads them. The first byte says whether
 * the rest is a message of its own or the body of a batch. */
#include "fuzz.h"
#include <string.h>

#include "base/panic.h"
#include "rules/host.h"

static struct rg_host *host;
static struct rg_hostmsg_buf in;
static struct rg_hostmsg_buf out;

static const char definition[] =
    "process: f\nversion: 1\nsteps: any\nrules:\n"
    "  - {id: r1, template: response_within, within: P1D, activities: [a, b]}\n"
    "  - {id: r2, template: four_eyes, activities: [a, b]}\n"
    "  - {id: r3, template: absence, n: 2, activities: [a]}\n"
    "  - {id: r4, template: chain_response, activities: [a, b]}\n"
    "  - {id: r5, template: responded_existence, activities: [a, b]}\n"
    "  - {id: r6, template: single_group, activities: [a]}\n"
    "  - {id: r7, template: response_within, within: P1D, calendar: C, from: resource, same: "
    "group, "
    "heal: true, hold: c, resume: d, activities: [a, b]}\n"
    "  - {id: r8, template: correlate, activities: [a, b], compare: {a: group, test: less, b: "
    "group}}\n"
    "  - {id: r9, template: clash, activities: [a, b], field: resource}\n"
    "  - {id: r10, template: counter, n: 3, window: P1D, activities: [a], reset: c}\n"
    "  - {id: r11, template: exclude, activities: [c, b], include: d}\n"
    "  - {id: r12, template: case_deadline, due: resource, done: group}\n"
    "  - {id: r13, template: precedence, heal: true, activities: [d, c]}\n"
    "holidays:\n  e: {easter: 1}\n  d: {before: 11-23, weekday: 3}\ncalendars:\n  C: [e, d]\n";

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
    RG_ASSERT(rg_host_create(NULL, &host) == RG_OK);
}

static void open_definition(void)
{
    rg_hostmsg_put_open(&in, rg_bytes_str(definition));
    RG_ASSERT(rg_host_handle(host, (struct rg_bytes){in.data, in.len}, &out) == RG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (host == NULL) {
        start();
        open_definition();
    }
    if (size < 1 || size > 65536) {
        return 0;
    }
    const struct rg_bytes rest = {data + 1, size - 1};
    read_answer(rest);
    if (data[0] % 2 == 0) {
        RG_ASSERT(rg_host_handle(host, rest, &out) == RG_OK);
        if (rg_hostmsg_kind_of(rest) == RG_HOSTMSG_OPEN) {
            open_definition();
        }
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
