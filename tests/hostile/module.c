/* Rules modules that do what none may, written against the public header alone; HOSTILE_KIND says
 * which. They judge nothing, and misbehave on every entry whose step begins with the letter b
 * (`bad`), so that a test can see what happens to the others. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "rules/reigen_rules.h"

enum hostile_kind {
    CRASH,    /* writes where nothing is */
    HANG,     /* never answers */
    MEMORY,   /* takes all there is, then crashes */
    STACK,    /* recursion without end */
    GARBAGE,  /* junk on the host's socket */
    FORGED,   /* an answer of its own on the host's socket, about another case */
    UNSTEADY, /* another answer each time */
    FOREIGN,  /* an alert about an event that the case does not have */
    GIANT,    /* alerts without end */
    FLOOD,    /* some thousand alerts, all well formed */
    NOTEXT,   /* an alert whose rule is no text */
    NETWORK,  /* opens a socket */
    FILES,    /* opens a file */
    FORK,     /* makes a process */
    PARENT,   /* kills the node */
    QUIT,     /* ends with 0 */
    CHATTER,  /* text to stderr without end */
    TIMER,    /* wants a tick long ago, for ever */
    QUIET,    /* sees nothing wrong */
    INVENTS,  /* a breach of rule R at every entry */
};

static int64_t entries;

static int on_open(const uint8_t *definition, size_t len, void **instance, char *err)
{
    (void)definition;
    (void)len;
    (void)err;
    *instance = &entries;
    return RG_RULES_OK;
}

static void on_close(void *instance)
{
    (void)instance;
}

static void on_about(void *instance, struct rg_rules_about *out)
{
    (void)instance;
    *out = (struct rg_rules_about){.process = {"bad", 3}, .version = 1};
}

static int on_begin(void *instance, const struct rg_rules_host *host, uint32_t flags)
{
    size_t len = 0;
    const uint8_t *state = host->state_get(host->ctx, &len);
    (void)instance;
    (void)flags;
    entries = 0;
    if (len == sizeof entries) {
        memcpy(&entries, state, sizeof entries);
    }
    return RG_RULES_OK;
}

static void alert(const struct rg_rules_host *host, const char *rule, int64_t event_no)
{
    const struct rg_rules_alert a = {.id = {rule, strlen(rule)},
                                     .severity = RG_RULES_WARNING,
                                     .state = RG_RULES_RAISED,
                                     .event_no = event_no,
                                     .due_ms = RG_RULES_NEVER,
                                     .step = {"", 0}};
    host->emit(host->ctx, &a);
}

static void crash(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void take_all_memory(void)
{
    static char *volatile taken; /* seen from outside, or the compiler takes nothing */
    for (;;) {
        taken = malloc((size_t)1024 * 1024);
        if (taken == NULL) {
            crash();
        }
        memset(taken, 1, (size_t)1024 * 1024);
    }
}

static int recurse(volatile int depth)
{
    volatile char page[4096];
    page[0] = (char)depth;
    return depth < 0 ? 0 : page[0] + recurse(depth + 1);
}

/* A RESULT for batch 1 with one case, number 77, that is well; see rules/hostmsg.h. */
static void forge(void)
{
    static const uint8_t message[38] = {
        34,  0,   0,   0,   3,   4,                   /* length, format, RESULT */
        1,   0,   0,   0,   0,   0,   0,   0,         /* number */
        1,   77,  0,   0,   0,   0,   0,   0,   0, 0, /* a case, well */
        0,   0,   0,   0,                             /* no state */
        255, 255, 255, 255, 255, 255, 255, 127,       /* no deadline */
        0,   0,                                       /* no items, no more cases */
    };
    (void)send(3, message, sizeof message, 0);
}

/* What ends the process, if the jail is what it should be. */
static void leave(enum hostile_kind kind)
{
    switch ((int)kind) {
    case NETWORK:
        (void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        break;
    case FILES:
        (void)open("/etc/hostname", O_RDONLY | O_CLOEXEC);
        break;
    case FORK:
        (void)fork();
        break;
    case PARENT:
        (void)kill(getppid(), SIGKILL);
        break;
    case QUIT:
        exit(0);
    case CHATTER:
        while (write(2, "all is well, believe me\n", 24) > 0 || errno == EAGAIN) {
        }
        break;
    default:
        break;
    }
}

static void misbehave(enum hostile_kind kind, const struct rg_rules_host *host)
{
    static int64_t asked;
    asked++;
    switch ((int)kind) {
    case CRASH:
        crash();
        break;
    case HANG:
        for (;;) {
            asked = asked > 1 ? 1 : 2;
        }
    case MEMORY:
        take_all_memory();
        break;
    case STACK:
        entries += recurse(0);
        break;
    case GARBAGE:
        (void)send(3, "what is this", 12, 0);
        break;
    case FORGED:
        forge();
        break;
    case UNSTEADY:
        alert(host, asked % 2 == 0 ? "even" : "odd", entries - 1);
        break;
    case FOREIGN:
        alert(host, "U1", entries + 1000000);
        break;
    case GIANT:
        for (int i = 0; i < 2000000; i++) {
            alert(host, "U1", i % 2 == 0 ? entries - 1 : RG_RULES_WHOLE_CASE);
        }
        break;
    case FLOOD:
        for (int i = 0; i < 5000; i++) {
            alert(host, "U1", entries - 1);
        }
        break;
    case INVENTS:
        alert(host, "R", entries - 1);
        break;
    case NOTEXT:
        alert(host, "\xff\xfe", entries - 1);
        break;
    default:
        leave(kind);
        break;
    }
}

static int on_entry(void *instance, const struct rg_rules_host *host,
                    const struct rg_rules_entry *entry)
{
    (void)instance;
    entries++;
    if ((int)HOSTILE_KIND == (int)UNSTEADY || (int)HOSTILE_KIND == (int)INVENTS ||
        (entry->step.len > 0 && entry->step.data[0] == 'b')) {
        misbehave(HOSTILE_KIND, host);
    }
    return RG_RULES_OK;
}

static int on_time(void *instance, const struct rg_rules_host *host, int64_t time_ms)
{
    (void)instance;
    (void)host;
    (void)time_ms;
    return RG_RULES_OK;
}

static int on_next(void *instance, const struct rg_rules_host *host)
{
    (void)instance;
    (void)host;
    return RG_RULES_OK;
}

static int on_end(void *instance, const struct rg_rules_host *host)
{
    (void)instance;
    if ((int)HOSTILE_KIND == (int)TIMER) {
        host->timer_set(host->ctx, -1);
    }
    return host->state_put(host->ctx, (const uint8_t *)&entries, sizeof entries) == 0
               ? RG_RULES_OK
               : RG_RULES_LIMIT;
}

__attribute__((visibility("default"))) const struct rg_rules_module *reigen_rules_module(void);

const struct rg_rules_module *reigen_rules_module(void)
{
    static const struct rg_rules_module module = {.abi = RG_RULES_ABI,
                                                  .name = "bad",
                                                  .open = on_open,
                                                  .close = on_close,
                                                  .about = on_about,
                                                  .begin = on_begin,
                                                  .entry = on_entry,
                                                  .tick = on_time,
                                                  .next = on_next,
                                                  .finish = on_time,
                                                  .end = on_end};
    return &module;
}
