/* An example of a rules module in C, against the installed header alone. Rule W1: nothing is
 * recorded as done on a Saturday or Sunday. Build it as a shared object and name it in node.yaml:
 *
 *     cc -shared -fPIC -O2 -o weekend.so weekend.c        module: weekend.so
 *
 * The state of a case is the number of its entries, 8 bytes, so that an alert can say which entry
 * it is about. docs/rules-modules.md explains the rest. */
#include <string.h>

#include "rules/reigen_rules.h"

#define DAY_MS INT64_C(86400000)

/* One case is judged at a time; nothing is kept from one case to the next. */
static int64_t entries;

static int weekend_open(const uint8_t *definition, size_t len, void **instance, char *err)
{
    (void)definition; /* this rule needs nothing of it */
    (void)len;
    (void)err;
    *instance = &entries;
    return RG_RULES_OK;
}

static void weekend_close(void *instance)
{
    (void)instance;
}

static void weekend_about(void *instance, struct rg_rules_about *out)
{
    (void)instance;
    *out = (struct rg_rules_about){.process = {"weekend", 7}, .version = 1, .rule_count = 1};
}

static int weekend_begin(void *instance, const struct rg_rules_host *host, uint32_t flags)
{
    size_t len = 0;
    const uint8_t *state = host->state_get(host->ctx, &len);
    (void)instance;
    (void)flags;
    entries = 0;
    if (len == 0) {
        return RG_RULES_OK;
    }
    if (len != sizeof entries) {
        return RG_RULES_BAD_STATE; /* of another module: the host starts the case anew */
    }
    memcpy(&entries, state, sizeof entries);
    return RG_RULES_OK;
}

static int weekend_entry(void *instance, const struct rg_rules_host *host,
                         const struct rg_rules_entry *entry)
{
    const int64_t weekday = (entry->occurred_ms / DAY_MS + 4) % 7; /* 1 January 1970: a Thursday */
    const struct rg_rules_alert alert = {.id = {"W1", 2},
                                         .severity = RG_RULES_WARNING,
                                         .state = RG_RULES_RAISED,
                                         .event_no = entries,
                                         .due_ms = RG_RULES_NEVER,
                                         .step = entry->step};
    (void)instance;
    entries++;
    if ((entry->flags & RG_RULES_VOID) == 0 && (weekday == 0 || weekday == 6)) {
        host->emit(host->ctx, &alert);
    }
    return RG_RULES_OK;
}

static int weekend_time(void *instance, const struct rg_rules_host *host, int64_t time_ms)
{
    (void)instance; /* no deadlines, and nothing to add at the end of a case */
    (void)host;
    (void)time_ms;
    return RG_RULES_OK;
}

static int weekend_next(void *instance, const struct rg_rules_host *host)
{
    (void)instance;
    (void)host;
    return RG_RULES_OK;
}

static int weekend_end(void *instance, const struct rg_rules_host *host)
{
    (void)instance;
    return host->state_put(host->ctx, (const uint8_t *)&entries, sizeof entries) == 0
               ? RG_RULES_OK
               : RG_RULES_LIMIT;
}

__attribute__((visibility("default"))) const struct rg_rules_module *reigen_rules_module(void);

const struct rg_rules_module *reigen_rules_module(void)
{
    static const struct rg_rules_module module = {.abi = RG_RULES_ABI,
                                                  .name = "weekend",
                                                  .open = weekend_open,
                                                  .close = weekend_close,
                                                  .about = weekend_about,
                                                  .begin = weekend_begin,
                                                  .entry = weekend_entry,
                                                  .tick = weekend_time,
                                                  .next = weekend_next,
                                                  .finish = weekend_time,
                                                  .end = weekend_end};
    return &module;
}
