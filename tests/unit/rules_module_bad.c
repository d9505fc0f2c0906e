/* A rules module for the tests, written against the public header alone: it opens a file when it is
 * to judge, which the host must not let it do. */
#include <fcntl.h>
#include <unistd.h>

#include "rules/reigen_rules.h"

static int on_open(const uint8_t *definition, size_t len, void **instance, char *err)
{
    static int here;
    (void)definition;
    (void)len;
    (void)err;
    *instance = &here;
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
    (void)instance;
    (void)host;
    (void)flags;
    return RG_RULES_OK;
}

static int on_entry(void *instance, const struct rg_rules_host *host,
                    const struct rg_rules_entry *entry)
{
    (void)instance;
    (void)host;
    (void)entry;
    return open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0 ? RG_RULES_OK : RG_RULES_LIMIT;
}

static int on_time(void *instance, const struct rg_rules_host *host, int64_t time_ms)
{
    (void)instance;
    (void)host;
    (void)time_ms;
    return RG_RULES_OK;
}

static int on_end(void *instance, const struct rg_rules_host *host)
{
    (void)instance;
    return host->state_put(host->ctx, NULL, 0) == 0 ? RG_RULES_OK : RG_RULES_LIMIT;
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
                                                  .next = on_end,
                                                  .finish = on_time,
                                                  .end = on_end};
    return &module;
}
