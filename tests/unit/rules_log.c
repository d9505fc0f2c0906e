#include "rules_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/panic.h"
#include "base/time.h"

char *log_read_file(const char *path, size_t *len)
{
    gzFile f = gzopen(path, "rb");
    size_t cap = 1 << 20;
    size_t n = 0;
    if (f == NULL) {
        return NULL;
    }
    char *buf = malloc(cap + 1);
    RG_ASSERT(buf != NULL);
    for (;;) {
        const int got = gzread(f, buf + n, (unsigned)(cap - n));
        RG_ASSERT(got >= 0);
        if (got == 0) {
            break;
        }
        n += (size_t)got;
        if (n == cap) {
            cap *= 2;
            buf = realloc(buf, cap + 1);
            RG_ASSERT(buf != NULL);
        }
    }
    (void)gzclose(f);
    buf[n] = '\0';
    *len = n;
    return buf;
}

/* Cut one CSV line in place; quotes are removed. Returns the start of the next line. */
static char *cut_line(char *p, const char *cells[LOG_COLUMNS], size_t *count)
{
    *count = 0;
    for (;;) {
        char *out = p;
        const char *start = p;
        bool quoted = false;
        while (*p != '\0' && (quoted || (*p != ',' && *p != '\n' && *p != '\r'))) {
            if (*p != '"') {
                *out++ = *p++;
            } else if (quoted && p[1] == '"') {
                *out++ = '"';
                p += 2;
            } else {
                quoted = !quoted;
                p++;
            }
        }
        const char end = *p;
        char *next = end == '\0' ? p : p + 1;
        if (end == '\r' && *next == '\n') {
            next++;
        }
        *out = '\0';
        RG_ASSERT(*count < LOG_COLUMNS);
        cells[(*count)++] = start;
        p = next;
        if (end != ',') {
            return p;
        }
    }
}

static size_t column(const struct log *log, const char *name)
{
    for (size_t i = 0; i < log->columns; i++) {
        if (strcmp(log->header[i], name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Where the case is, or would be, in the open addressing table. */
static size_t slot_of(const struct log *log, const char *id)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *p = id; *p != '\0'; p++) {
        h = (h ^ (uint8_t)*p) * UINT64_C(1099511628211);
    }
    size_t i = (size_t)h % log->slot_count;
    while (log->slots[i] != 0 && strcmp(log->cases[log->slots[i] - 1].id, id) != 0) {
        i = (i + 1) % log->slot_count;
    }
    return i;
}

static void grow(struct log *log)
{
    log->cap = log->cap == 0 ? 256 : log->cap * 2;
    log->cases = realloc(log->cases, log->cap * sizeof(*log->cases));
    free(log->slots);
    log->slot_count = log->cap * 2;
    log->slots = calloc(log->slot_count, sizeof(*log->slots));
    RG_ASSERT(log->cases != NULL && log->slots != NULL);
    for (size_t i = 0; i < log->count; i++) {
        log->slots[slot_of(log, log->cases[i].id)] = i + 1;
    }
}

static struct log_case *case_of(struct log *log, const char *id)
{
    if (log->count == log->cap) {
        grow(log);
    }
    const size_t slot = slot_of(log, id);
    if (log->slots[slot] == 0) {
        log->cases[log->count] = (struct log_case){.id = id};
        log->slots[slot] = ++log->count;
    }
    return &log->cases[log->slots[slot] - 1];
}

static void add_row(struct log *log, const char *cells[LOG_COLUMNS], size_t count)
{
    const size_t time = column(log, "timestamp");
    const size_t step = column(log, "activity");
    struct log_case *c = case_of(log, cells[0]);
    RG_ASSERT(count <= log->columns && time < count && step < count);
    if (c->count == c->cap) {
        c->cap = c->cap == 0 ? 8 : c->cap * 2;
        c->events = realloc(c->events, c->cap * sizeof(*c->events));
        RG_ASSERT(c->events != NULL);
    }
    struct log_event *ev = &c->events[c->count++];
    *ev = (struct log_event){.step = cells[step]};
    for (size_t i = 0; i < LOG_COLUMNS; i++) {
        ev->cells[i] = i < count ? cells[i] : "";
    }
    RG_ASSERT(rg_time_parse(rg_bytes_str(cells[time]), &ev->time_ms) == RG_OK);
    log->last_ms = ev->time_ms > log->last_ms ? ev->time_ms : log->last_ms;
    log->events++;
}

static struct log *parse(char *text)
{
    struct log *log = calloc(1, sizeof(*log));
    RG_ASSERT(log != NULL);
    log->text = text;
    char *p = cut_line(text, log->header, &log->columns);
    while (*p != '\0') {
        const char *cells[LOG_COLUMNS];
        size_t count = 0;
        p = cut_line(p, cells, &count);
        if (count > 1) {
            add_row(log, cells, count);
        }
    }
    return log;
}

struct log *log_load(const char *path)
{
    size_t len = 0;
    char *text = log_read_file(path, &len);
    return text == NULL ? NULL : parse(text);
}

struct log *log_parse(const char *text)
{
    char *copy = strdup(text);
    RG_ASSERT(copy != NULL);
    return parse(copy);
}

void log_free(struct log *log)
{
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < log->count; i++) {
        free(log->cases[i].events);
    }
    free(log->cases);
    free(log->slots);
    free(log->text);
    free(log);
}

void log_entry(const struct log *log, const struct log_event *ev, struct rg_hostmsg_op *op)
{
    *op = (struct rg_hostmsg_op){.kind = RG_HOSTMSG_OP_ENTRY,
                                 .time_ms = ev->time_ms,
                                 .occurred_ms = ev->time_ms,
                                 .step = rg_bytes_str(ev->step)};
    for (size_t i = 0; i < log->columns; i++) {
        const struct rg_bytes value = rg_bytes_str(ev->cells[i]);
        if (value.len > 0 && value.len <= RG_FIELD_VALUE_MAX) {
            op->fields[op->field_count++] =
                (struct rg_hostmsg_field){rg_bytes_str(log->header[i]), value};
        }
    }
}

static void put_case(const struct log *log, size_t i, struct rg_hostmsg_buf *b)
{
    const struct rg_hostmsg_case c = {.case_no = i, .flags = RG_HOSTMSG_FULL};
    struct rg_hostmsg_op op;
    rg_hostmsg_case_begin(b, &c);
    for (size_t k = 0; k < log->cases[i].count; k++) {
        log_entry(log, &log->cases[i].events[k], &op);
        rg_hostmsg_put_op(b, &op);
    }
    op = (struct rg_hostmsg_op){.kind = RG_HOSTMSG_OP_FINISH, .time_ms = log->last_ms};
    rg_hostmsg_put_op(b, &op);
    rg_hostmsg_case_end(b);
}

static void take_result(struct rg_bytes msg, struct log_verdict *out, size_t rules)
{
    uint64_t no = 0;
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    struct rg_reader r = rg_hostmsg_result(msg, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        size_t seen = 0;
        RG_ASSERT(a.status == RG_HOSTMSG_OK);
        while (rg_hostmsg_next_item(&r, &item)) {
            RG_ASSERT(item.kind == RG_HOSTMSG_VERDICT && item.rule == seen++);
            struct log_verdict *v = &out[a.case_no * rules + item.rule];
            v->judgement = item.judgement;
            v->activations = item.activations;
            v->pending = item.pending;
            v->event_count = rg_hostmsg_event_count(&item);
            RG_ASSERT(v->event_count == item.violation_count);
            v->events = calloc(v->event_count + 1, sizeof(*v->events));
            RG_ASSERT(v->events != NULL);
            for (size_t i = 0; i < v->event_count; i++) {
                v->events[i] = rg_hostmsg_event(&item, i);
            }
        }
        RG_ASSERT(seen == rules);
    }
    RG_ASSERT(rg_bytes_done(&r));
}

struct log_verdict *log_judge(const struct log *log, struct rg_bytes definition, size_t *rules)
{
    struct rg_host *host = NULL;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    struct rg_hostmsg_opened opened;
    rg_hostmsg_buf_init(&in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&out, RG_HOSTMSG_RESULT_MAX);
    RG_ASSERT(rg_host_create(NULL, &host) == RG_OK);
    rg_hostmsg_put_open(&in, definition);
    RG_ASSERT(rg_host_handle(host, (struct rg_bytes){in.data, in.len}, &out) == RG_OK);
    RG_ASSERT(rg_hostmsg_get_opened((struct rg_bytes){out.data, out.len}, &opened) == RG_OK);
    if (!opened.ok) {
        (void)fprintf(stderr, "%.*s\n", (int)opened.error.len, (const char *)opened.error.data);
    }
    RG_ASSERT(opened.ok);
    *rules = opened.rule_count;
    struct log_verdict *v = calloc(log->count * *rules + 1, sizeof(*v));
    RG_ASSERT(v != NULL);
    for (size_t i = 0; i < log->count;) {
        rg_hostmsg_batch_begin(&in, i);
        for (; i < log->count && in.len < RG_HOSTMSG_BATCH_MAX / 4; i++) {
            put_case(log, i, &in);
        }
        rg_hostmsg_batch_end(&in);
        RG_ASSERT(!in.failed);
        RG_ASSERT(rg_host_handle(host, (struct rg_bytes){in.data, in.len}, &out) == RG_OK);
        take_result((struct rg_bytes){out.data, out.len}, v, *rules);
    }
    rg_hostmsg_buf_free(&in);
    rg_hostmsg_buf_free(&out);
    rg_host_destroy(&host);
    return v;
}

void log_verdicts_free(struct log_verdict *v, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(v[i].events);
    }
    free(v);
}
