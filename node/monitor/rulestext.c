#include "node/monitor/rulestext.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define READ_MAX 4096

void rg_rulestext_open(struct rg_rulestext *t, int fd)
{
    *t = (struct rg_rulestext){.fd = fd};
}

static void pass_on(struct rg_rulestext *t)
{
    if (t->len > 0) {
        (void)fprintf(stderr, "rules host: %.*s\n", (int)t->len, t->line);
    }
    t->len = 0;
}

static void take(struct rg_rulestext *t, char c)
{
    if (c == '\n' || t->len == sizeof t->line) {
        pass_on(t);
    }
    if (c != '\n') {
        const unsigned char u = (unsigned char)c;
        t->line[t->len] = u < 0x20 || u == 0x7f ? '?' : c;
        t->len++;
    }
}

void rg_rulestext_drain(struct rg_rulestext *t)
{
    char buffer[READ_MAX];
    const ssize_t n = t->fd < 0 ? 0 : read(t->fd, buffer, sizeof buffer);
    for (ssize_t i = 0; i < n; i++) {
        if (t->taken < RG_RULESTEXT_MAX) {
            take(t, buffer[i]);
            t->taken++;
        }
    }
}

void rg_rulestext_close(struct rg_rulestext *t)
{
    if (t->fd < 0) {
        return;
    }
    rg_rulestext_drain(t);
    pass_on(t);
    (void)close(t->fd);
    t->fd = -1;
}
