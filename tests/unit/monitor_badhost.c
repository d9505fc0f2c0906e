/* A rules host that misbehaves. The definition says how: `bad:WORD`. With any other definition it
 * is a right one, that dies of a step named `gift`. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "rules/host.h"
#include "rules/hostio.h"

static char mode[16];

static bool is(const char *word)
{
    return strcmp(mode, word) == 0;
}

static void send_raw(const void *data, size_t len)
{
    if (rg_hostio_send(RG_HOSTIO_FD, (struct rg_bytes){data, len}, 1000) != RG_OK) {
        _exit(3);
    }
}

static bool has_gift(struct rg_bytes msg)
{
    struct rg_hostmsg_case c;
    struct rg_hostmsg_op op;
    uint64_t no = 0;
    bool found = false;
    struct rg_reader r = rg_hostmsg_batch(msg, &no);
    while (rg_hostmsg_next_case(&r, &c)) {
        while (rg_hostmsg_next_op(&r, &op)) {
            found = found ||
                    (op.kind == RG_HOSTMSG_OP_ENTRY && rg_bytes_eq(op.step, rg_bytes_str("gift")));
        }
    }
    return found;
}

/* An empty result that is another one each time. */
static void answer_anew(struct rg_hostmsg_buf *out)
{
    static uint64_t no;
    no++;
    rg_hostmsg_result_begin(out, no);
    rg_hostmsg_result_end(out);
    send_raw(out->data, out->len);
}

/* Keep a processor busy for @ms. */
static void spin(long ms)
{
    const clock_t until = clock() + ms * (CLOCKS_PER_SEC / 1000);
    while (clock() < until) {
    }
}

static void misbehave(void)
{
    static const uint8_t huge[8] = {0xff, 0xff, 0xff, 0xff, 1, 4, 0, 0};
    static const uint8_t junk[8] = {4, 0, 0, 0, 77, 77, 77, 77};
    if (is("exit")) {
        _exit(7);
    }
    if (is("huge")) {
        send_raw(huge, sizeof huge);
    }
    if (is("junk")) {
        send_raw(junk, sizeof junk);
    }
    while (is("spin")) {
        spin(1000);
    }
    for (;;) {
        (void)pause(); /* hang */
    }
}

static void open_mode(struct rg_bytes msg, struct rg_hostmsg_buf *out)
{
    struct rg_bytes def;
    if (rg_hostmsg_get_open(msg, &def) != RG_OK || def.len < 4 ||
        memcmp(def.data, "bad:", 4) != 0) {
        return;
    }
    memcpy(mode, def.data + 4, def.len - 4 < sizeof mode - 1 ? def.len - 4 : sizeof mode - 1);
    const struct rg_hostmsg_opened o = {.ok = true, .process = rg_bytes_str("p"), .version = 1};
    rg_hostmsg_put_opened(out, &o);
    send_raw(out->data, out->len);
    if (is("chatter")) {
        send_raw(out->data, out->len);
    }
}

int main(void)
{
    struct rg_host *host = NULL;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    rg_hostmsg_buf_init(&in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&out, RG_HOSTMSG_RESULT_MAX);
    if (rg_host_create(NULL, &host) != RG_OK) {
        return 2;
    }
    while (rg_hostio_recv(RG_HOSTIO_FD, -1, &in) == RG_OK) {
        const struct rg_bytes msg = {in.data, in.len};
        if (rg_hostmsg_kind_of(msg) == RG_HOSTMSG_OPEN) {
            open_mode(msg, &out);
            if (mode[0] != '\0') {
                continue;
            }
        }
        if (is("unsteady") || is("slow")) {
            spin(is("slow") ? 60 : 0);
            answer_anew(&out);
            continue;
        }
        if (mode[0] != '\0') {
            misbehave();
        }
        if (has_gift(msg)) {
            abort();
        }
        if (rg_host_handle(host, msg, &out) != RG_OK) {
            return 2;
        }
        send_raw(out.data, out.len);
    }
    return 0;
}
