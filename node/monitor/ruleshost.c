#include "node/monitor/ruleshost.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/num.h"
#include "base/panic.h"
#include "node/monitor/rulesproc.h"
#include "rules/hostmsg.h"

#define LENGTH_BYTES 4u
#define READ_FIRST ((size_t)64 * 1024)
#define PAUSED_MS 1000u /* not stepped for so long: this process stood still, not the host */

enum stage {
    STAGE_DOWN,    /* no process: one is started when the pause is over */
    STAGE_OPENING, /* OPEN is sent or its answer awaited */
    STAGE_READY,   /* the definition is open */
    STAGE_REFUSED, /* the definition is bad; final */
};

struct rg_ruleshost {
    char *program;
    char *module;               /* NULL: the bundled one */
    struct rg_hostmsg_buf open; /* the OPEN message */
    uint64_t deadline_ms;
    enum stage stage;
    struct rg_rulesproc proc;
    uint64_t start_at_ms;
    uint64_t pause_ms;
    struct rg_bytes msg; /* under way; data NULL: none */
    bool msg_given;      /* the process that runs has it, at least in part */
    uint32_t msg_deaths;
    size_t sent; /* of OPEN, or of msg */
    bool timed;  /* expires_ms counts */
    uint64_t expires_ms;
    uint64_t cpu_from_ms; /* the process had used so much when its message was given */
    uint64_t cpu_look_ms; /* not before this it can have used all that one may */
    uint64_t rest_ms;     /* no message is given before */
    uint64_t stepped_ms;
    uint8_t *in;
    size_t in_len;
    size_t in_cap;
    size_t in_taken; /* bytes of a told answer, dropped at the next step */
    uint64_t answers;
    uint8_t *first; /* answer to the message under way, which is asked again; NULL: none */
    size_t first_len;
    bool differs;
    struct rg_ruleshost_death death;
    char text[RG_HOSTMSG_TEXT_MAX + 1];
};

rg_err rg_ruleshost_create(const struct rg_ruleshost_options *o, struct rg_ruleshost **out)
{
    struct rg_ruleshost *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_rulesproc_init(&h->proc);
    h->pause_ms = RG_RULESHOST_PAUSE_MIN_MS;
    h->deadline_ms = o->deadline_ms != 0 ? o->deadline_ms : RG_RULESHOST_DEADLINE_MS;
    h->program = strdup(o->program);
    h->module = o->module == NULL ? NULL : strdup(o->module);
    rg_hostmsg_buf_init(&h->open, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_put_open(&h->open, o->definition);
    const bool copied = h->program != NULL && (o->module == NULL || h->module != NULL);
    if (!copied || h->open.failed) {
        const rg_err e = copied ? RG_ERR_FULL : RG_ERR_NOMEM;
        rg_ruleshost_destroy(&h);
        return e;
    }
    *out = h;
    return RG_OK;
}

/* Processor time since the message was given; 0 when the system does not tell. */
static uint64_t used_ms(const struct rg_ruleshost *h, uint64_t total_ms)
{
    return total_ms > h->cpu_from_ms ? total_ms - h->cpu_from_ms : 0;
}

static uint64_t rest_after(const struct rg_ruleshost *h, uint64_t total_ms)
{
    return rg_num_min(used_ms(h, total_ms) * RG_RULESHOST_REST, RG_RULESHOST_PAUSE_MAX_MS);
}

void rg_ruleshost_rest(struct rg_ruleshost *h)
{
    h->rest_ms = h->stepped_ms + rest_after(h, rg_rulesproc_cpu_ms(&h->proc));
}

static bool resting(const struct rg_ruleshost *h)
{
    return h->stage == STAGE_READY && !h->msg_given && h->stepped_ms < h->rest_ms;
}

/* An answer is waited for from now on. */
static void begin_wait(struct rg_ruleshost *h, uint64_t now_ms)
{
    h->timed = true;
    h->expires_ms = now_ms + h->deadline_ms;
    h->cpu_from_ms = rg_rulesproc_cpu_ms(&h->proc);
    h->cpu_look_ms = now_ms + RG_RULESHOST_CPU_MS;
}

/* Loading a module may take all of its deadline; judging may not. */
static bool too_late(struct rg_ruleshost *h, uint64_t now_ms)
{
    if (!h->timed) {
        return false;
    }
    if (h->stage != STAGE_READY || now_ms < h->cpu_look_ms) {
        return now_ms >= h->expires_ms;
    }
    const uint64_t used = used_ms(h, rg_rulesproc_cpu_ms(&h->proc));
    h->cpu_look_ms = now_ms + RG_RULESHOST_CPU_MS - rg_num_min(used, RG_RULESHOST_CPU_MS);
    return used >= RG_RULESHOST_CPU_MS || now_ms >= h->expires_ms;
}

static void end_process(struct rg_ruleshost *h)
{
    rg_rulesproc_end(&h->proc);
    h->in_len = 0;
    h->in_taken = 0;
    h->sent = 0;
    h->timed = false;
}

static void forget_first(struct rg_ruleshost *h)
{
    free(h->first);
    h->first = NULL;
}

void rg_ruleshost_destroy(struct rg_ruleshost **h)
{
    if (*h == NULL) {
        return;
    }
    end_process(*h);
    rg_hostmsg_buf_free(&(*h)->open);
    free((*h)->program);
    free((*h)->module);
    free((*h)->in);
    forget_first(*h);
    free(*h);
    *h = NULL;
}

static bool writing(const struct rg_ruleshost *h)
{
    if (h->stage == STAGE_OPENING) {
        return h->sent < h->open.len;
    }
    return h->stage == STAGE_READY && h->msg.data != NULL && h->sent < h->msg.len && !resting(h);
}

int rg_ruleshost_fd(const struct rg_ruleshost *h, short *events)
{
    *events = (short)(writing(h) ? POLLIN | POLLOUT : POLLIN);
    return h->proc.fd;
}

int rg_ruleshost_wait_ms(const struct rg_ruleshost *h, uint64_t now_ms)
{
    uint64_t at = 0;
    if (h->stage == STAGE_DOWN) {
        at = h->start_at_ms;
    } else if (h->timed) {
        at = h->stage == STAGE_READY ? rg_num_min(h->expires_ms, h->cpu_look_ms) : h->expires_ms;
    } else if (h->msg.data != NULL && resting(h)) {
        at = h->rest_ms;
    } else {
        return -1;
    }
    if (at <= now_ms) {
        return 0;
    }
    return at - now_ms > 60000 ? 60000 : (int)(at - now_ms);
}

bool rg_ruleshost_idle(const struct rg_ruleshost *h)
{
    return h->msg.data == NULL && h->stage != STAGE_REFUSED;
}

void rg_ruleshost_send(struct rg_ruleshost *h, struct rg_bytes msg)
{
    RG_ASSERT(rg_ruleshost_idle(h) && msg.data != NULL && msg.len > LENGTH_BYTES);
    h->msg = msg;
    h->msg_given = false;
    h->msg_deaths = 0;
}

void rg_ruleshost_cancel(struct rg_ruleshost *h)
{
    if (h->msg.data == NULL) {
        return;
    }
    h->msg = (struct rg_bytes){NULL, 0};
    forget_first(h);
    if (h->msg_given) {
        end_process(h);
        h->stage = STAGE_DOWN;
        h->msg_given = false;
    }
}

struct rg_bytes rg_ruleshost_answer(const struct rg_ruleshost *h)
{
    return (struct rg_bytes){h->in, h->in_taken};
}

bool rg_ruleshost_differs(const struct rg_ruleshost *h)
{
    return h->differs;
}

const char *rg_ruleshost_text(const struct rg_ruleshost *h)
{
    return h->text;
}

struct rg_ruleshost_death rg_ruleshost_death(const struct rg_ruleshost *h)
{
    return h->death;
}

int rg_ruleshost_pid(const struct rg_ruleshost *h)
{
    return (int)h->proc.pid;
}

/* Note how the process ended and plan the next one. */
static enum rg_ruleshost_news died(struct rg_ruleshost *h, enum rg_ruleshost_end end,
                                   uint64_t now_ms)
{
    /* A closed socket comes before the end of the process: its own status says more than ours. */
    if (end == RG_RULESHOST_EXIT && rg_rulesproc_ended(&h->proc)) {
        const bool signal = WIFSIGNALED(h->proc.status);
        h->death.end = signal ? RG_RULESHOST_SIGNAL : RG_RULESHOST_EXIT;
        h->death.detail = signal ? WTERMSIG(h->proc.status) : WEXITSTATUS(h->proc.status);
    } else {
        h->death.end = end == RG_RULESHOST_EXIT ? RG_RULESHOST_GARBAGE : end;
        h->death.detail = 0;
    }
    end_process(h);
    if (h->msg.data != NULL && h->msg_given) {
        h->msg_deaths++;
    }
    h->death.deaths_in_message = h->msg.data != NULL ? h->msg_deaths : 0;
    h->msg_given = false;
    h->stage = STAGE_DOWN;
    h->start_at_ms = now_ms + rg_num_max(h->pause_ms, rest_after(h, h->proc.total_ms));
    h->pause_ms = rg_num_min(h->pause_ms * 2, RG_RULESHOST_PAUSE_MAX_MS);
    return RG_RULESHOST_DIED;
}

static enum rg_ruleshost_news start(struct rg_ruleshost *h, uint64_t now_ms)
{
    if (now_ms < h->start_at_ms) {
        return RG_RULESHOST_NONE;
    }
    if (rg_rulesproc_start(&h->proc, h->program, h->module) != RG_OK) {
        return died(h, RG_RULESHOST_START, now_ms);
    }
    h->stage = STAGE_OPENING;
    h->sent = 0;
    begin_wait(h, now_ms);
    return RG_RULESHOST_NONE;
}

/* Write what the socket takes. False: the other side is gone. */
static bool write_some(struct rg_ruleshost *h, uint64_t now_ms)
{
    while (writing(h)) {
        const struct rg_bytes m =
            h->stage == STAGE_OPENING ? (struct rg_bytes){h->open.data, h->open.len} : h->msg;
        if (h->stage == STAGE_READY && !h->msg_given) {
            h->msg_given = true;
            begin_wait(h, now_ms);
        }
        const ssize_t n = send(h->proc.fd, m.data + h->sent, m.len - h->sent, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        h->sent += (size_t)n;
    }
    return true;
}

/* Length of the message at the start of the input; 0: not yet known; SIZE_MAX: impossible. */
static size_t message_len(const struct rg_ruleshost *h)
{
    if (h->in_len < LENGTH_BYTES) {
        return 0;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){h->in, LENGTH_BYTES});
    const size_t len = (size_t)rg_bytes_get_u32(&r) + LENGTH_BYTES;
    return len > RG_HOSTMSG_RESULT_MAX || len < LENGTH_BYTES + 2 ? SIZE_MAX : len;
}

static bool make_room(struct rg_ruleshost *h)
{
    const size_t want = message_len(h);
    size_t cap = want > READ_FIRST ? want : READ_FIRST;
    if (want == SIZE_MAX) {
        return true;
    }
    if (cap <= h->in_cap) {
        return true;
    }
    uint8_t *more = realloc(h->in, cap);
    if (more == NULL) {
        return false;
    }
    h->in = more;
    h->in_cap = cap;
    return true;
}

enum input {
    INPUT_PART,
    INPUT_WHOLE,
    INPUT_CLOSED,
    INPUT_BAD
};

/* Read until one message is whole. A second one behind it is a fault: nobody asked. */
static enum input read_some(struct rg_ruleshost *h)
{
    for (;;) {
        if (!make_room(h)) {
            return INPUT_BAD;
        }
        const size_t len = message_len(h);
        if (len == SIZE_MAX || (len != 0 && h->in_len > len)) {
            return INPUT_BAD;
        }
        if (len != 0 && h->in_len == len) {
            return INPUT_WHOLE;
        }
        const ssize_t n = recv(h->proc.fd, h->in + h->in_len, h->in_cap - h->in_len, 0);
        if (n == 0) {
            return INPUT_CLOSED;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? INPUT_PART : INPUT_CLOSED;
        }
        h->in_len += (size_t)n;
    }
}

static enum rg_ruleshost_news opened(struct rg_ruleshost *h, struct rg_bytes m, uint64_t now_ms)
{
    struct rg_hostmsg_opened o;
    if (rg_hostmsg_get_opened(m, &o) != RG_OK) {
        return died(h, RG_RULESHOST_GARBAGE, now_ms);
    }
    h->timed = false;
    h->sent = 0;
    if (o.ok) {
        h->stage = STAGE_READY;
        h->in_taken = h->in_len;
        return RG_RULESHOST_OPENED;
    }
    const size_t n = o.error.len < sizeof h->text - 1 ? o.error.len : sizeof h->text - 1;
    if (n > 0) {
        memcpy(h->text, o.error.data, n);
    }
    h->text[n] = '\0';
    end_process(h);
    h->stage = STAGE_REFUSED;
    return RG_RULESHOST_REFUSED;
}

/* Whether the message under way is asked once more before its answer @m is told. */
static bool ask_again(struct rg_ruleshost *h, struct rg_bytes m)
{
    h->differs = h->first != NULL && !rg_bytes_eq(m, (struct rg_bytes){h->first, h->first_len});
    if (h->first != NULL || h->answers % RG_RULESHOST_TWICE_EVERY != 0) {
        forget_first(h);
        h->answers++;
        return false;
    }
    h->first = malloc(m.len);
    if (h->first == NULL) {
        return false; /* then it is not tried this time */
    }
    memcpy(h->first, m.data, m.len);
    h->first_len = m.len;
    h->in_len = 0;
    h->msg_given = false;
    h->timed = false;
    h->sent = 0;
    return true;
}

static enum rg_ruleshost_news whole_message(struct rg_ruleshost *h, uint64_t now_ms)
{
    const struct rg_bytes m = {h->in, h->in_len};
    if (h->stage == STAGE_OPENING) {
        return opened(h, m, now_ms);
    }
    const enum rg_hostmsg_kind kind = rg_hostmsg_kind_of(m);
    const bool asked = h->msg.data != NULL && h->msg_given && h->sent == h->msg.len;
    if (!asked || (kind != RG_HOSTMSG_RESULT && kind != RG_HOSTMSG_FAILED)) {
        return died(h, RG_RULESHOST_GARBAGE, now_ms);
    }
    if (ask_again(h, m)) {
        return RG_RULESHOST_NONE;
    }
    h->msg = (struct rg_bytes){NULL, 0};
    h->msg_given = false;
    h->timed = false;
    h->sent = 0;
    h->in_taken = h->in_len;
    h->pause_ms = RG_RULESHOST_PAUSE_MIN_MS;
    return RG_RULESHOST_ANSWER;
}

enum rg_ruleshost_news rg_ruleshost_step(struct rg_ruleshost *h, uint64_t now_ms)
{
    if (h->timed && now_ms > h->stepped_ms + PAUSED_MS) {
        h->expires_ms += now_ms - h->stepped_ms;
        h->cpu_from_ms = rg_rulesproc_cpu_ms(&h->proc);
    }
    h->stepped_ms = now_ms;
    rg_rulestext_drain(&h->proc.said);
    if (h->in_taken > 0) {
        h->in_len = 0; /* nothing stands behind a told answer */
        h->in_taken = 0;
    }
    if (h->stage == STAGE_REFUSED) {
        return RG_RULESHOST_NONE;
    }
    if (h->stage == STAGE_DOWN) {
        const enum rg_ruleshost_news n = start(h, now_ms);
        if (h->stage == STAGE_DOWN) {
            return n;
        }
    }
    if (!write_some(h, now_ms)) {
        return died(h, RG_RULESHOST_EXIT, now_ms);
    }
    switch (read_some(h)) {
    case INPUT_WHOLE:
        return whole_message(h, now_ms);
    case INPUT_CLOSED:
        return died(h, RG_RULESHOST_EXIT, now_ms);
    case INPUT_BAD:
        return died(h, RG_RULESHOST_GARBAGE, now_ms);
    case INPUT_PART:
        break;
    }
    return too_late(h, now_ms) ? died(h, RG_RULESHOST_HANG, now_ms) : RG_RULESHOST_NONE;
}
