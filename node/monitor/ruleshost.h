/* Supervision of one rules host process (reigen-rules): start it, open the definition, pass one
 * message at a time, end it when it does not answer, start it again with growing pauses.
 *
 * The host keeps nothing between messages, so the message that was under way is simply sent again
 * to the next process: nothing is lost or doubled, whenever the host dies. For the same reason it
 * must answer the same message with the same bytes; now and then that is tried. What a message
 * means is not known here. No call blocks; the owner polls the descriptor and steps. One thread.
 *
 * What misbehaves rests: after a message that came to nothing, the next one waits nine times as
 * long as it kept a processor busy, half a minute at most. So what is of no use takes a tenth of
 * one, and the ledger the rest. */
#ifndef RG_MONITOR_RULESHOST_H
#define RG_MONITOR_RULESHOST_H

#include "base/err.h"
#include "base/types.h"

#define RG_RULESHOST_DEADLINE_MS 5000 /* default time for one answer */
#define RG_RULESHOST_CPU_MS 500       /* processor time for one answer, of at most 512 events */
#define RG_RULESHOST_PAUSE_MIN_MS 50  /* before a new process, doubled each time */
#define RG_RULESHOST_PAUSE_MAX_MS 30000
#define RG_RULESHOST_REST 9         /* times the processor time of what came to nothing */
#define RG_RULESHOST_TWICE_EVERY 64 /* so many messages: one is asked twice, the first too */

struct rg_ruleshost; /* opaque */

struct rg_ruleshost_options {
    const char *program;        /* path to reigen-rules */
    const char *module;         /* absolute path to a module for it; NULL: the bundled one alone */
    struct rg_bytes definition; /* bytes to open */
    uint64_t deadline_ms;       /* 0: RG_RULESHOST_DEADLINE_MS */
};

/* How a process ended. */
enum rg_ruleshost_end {
    RG_RULESHOST_EXIT,    /* it ended by itself with @detail as exit code */
    RG_RULESHOST_SIGNAL,  /* signal @detail ended it */
    RG_RULESHOST_HANG,    /* no answer in time, or in its processor time: it was ended here */
    RG_RULESHOST_GARBAGE, /* it sent what is no answer: it was ended here */
    RG_RULESHOST_START,   /* it could not be started */
};

/* What a step has to tell. */
enum rg_ruleshost_news {
    RG_RULESHOST_NONE,
    RG_RULESHOST_OPENED,  /* it accepted the definition, and takes or works on a message */
    RG_RULESHOST_REFUSED, /* it refused the definition: see rg_ruleshost_text; final */
    RG_RULESHOST_ANSWER,  /* see rg_ruleshost_answer; the next message may be sent */
    RG_RULESHOST_DIED,    /* see rg_ruleshost_death; another one is started by itself */
};

struct rg_ruleshost_death {
    enum rg_ruleshost_end end;
    int detail;
    uint32_t deaths_in_message; /* of processes that had the message now under way; 0: none is */
};

/* Make the supervisor; starts no process yet. Copies program, module and definition.
 * Errors: RG_ERR_NOMEM; RG_ERR_FULL  the definition is over the message's limit. */
RG_CHECKED rg_err rg_ruleshost_create(const struct rg_ruleshost_options *o,
                                      struct rg_ruleshost **out);
/* End the process, free, set *@h to NULL; accepts NULL. */
void rg_ruleshost_destroy(struct rg_ruleshost **h);
/* The descriptor to poll and the poll(2) events to wait for; -1 while there is no process. Both may
 * change with every call. */
int rg_ruleshost_fd(const struct rg_ruleshost *h, short *events);
/* Milliseconds from @now_ms until a step is due even without events: 0 at once, -1 never. */
int rg_ruleshost_wait_ms(const struct rg_ruleshost *h, uint64_t now_ms);
/* Whether a message may be sent: none is under way and the definition was not refused. It may be
 * sent before the process runs. */
bool rg_ruleshost_idle(const struct rg_ruleshost *h);
/* Give it the message @msg (whole, with its length), borrowed until its answer was told. Must be
 * idle. */
void rg_ruleshost_send(struct rg_ruleshost *h, struct rg_bytes msg);
/* Take back the message under way, if any, ending the process that has it. */
void rg_ruleshost_cancel(struct rg_ruleshost *h);
/* The answer told last was of no use: the next message waits. Call it before the next step. */
void rg_ruleshost_rest(struct rg_ruleshost *h);
/* Do what can be done without waiting. @now_ms: a clock that never goes back. Call it until it
 * tells NONE, and at least every half second: a longer pause is taken for this process standing
 * still, and is not counted against the host. */
enum rg_ruleshost_news rg_ruleshost_step(struct rg_ruleshost *h, uint64_t now_ms);
/* The answer told last, with its length; borrowed until the next step. */
struct rg_bytes rg_ruleshost_answer(const struct rg_ruleshost *h);
/* Whether that message was asked twice and answered in two ways; the second answer is the one told.
 */
bool rg_ruleshost_differs(const struct rg_ruleshost *h);
/* The linter's text after REFUSED; "" before. */
const char *rg_ruleshost_text(const struct rg_ruleshost *h);
/* How the last process ended. */
struct rg_ruleshost_death rg_ruleshost_death(const struct rg_ruleshost *h);
/* The running process; 0 while there is none. */
int rg_ruleshost_pid(const struct rg_ruleshost *h);

#endif /* RG_MONITOR_RULESHOST_H */
