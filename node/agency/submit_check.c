#include "base/bytes.h"
#include "node/agency/amend.h"
#include "node/agency/submit_priv.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Copy a name for an error sentence: short, and printable. */
static const char *shown(struct rg_bytes text, char out[static 40])
{
    size_t n = 0;
    while (n < text.len && n < 36) {
        const uint8_t ch = text.data[n];
        out[n++] = ch < 0x20 || ch == 0x7f ? '?' : (char)ch;
    }
    while (n > 0 && n < text.len && (text.data[n] & 0xc0) == 0x80) {
        n--; /* do not cut a character in two */
    }
    (void)snprintf(out + n, 4, "%s", n < text.len ? "..." : "");
    return out;
}

static bool is_file_number(struct rg_bytes file)
{
    if (file.len == 0 || file.len > RG_FILE_NUMBER_MAX) {
        return false;
    }
    for (size_t i = 0; i < file.len; i++) {
        if (file.data[i] < 0x20 || file.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* Where a sentence begins: "event 3 (number 17): ". */
struct position {
    char *why;
    size_t cap;
    uint32_t index;
    uint64_t number;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct position *p,
                                                         const char *format, ...)
{
    va_list args;
    const int n = snprintf(p->why, p->cap, "event %" PRIu32 " (number %" PRIu64 "): ", p->index + 1,
                           p->number);
    if (n > 0 && (size_t)n < p->cap) {
        va_start(args, format);
        (void)vsnprintf(p->why + n, p->cap - (size_t)n, format, args);
        va_end(args);
    }
    return false;
}

static bool check_step(const struct rg_submit_check *c, const struct position *p,
                       struct rg_bytes step)
{
    char name[40];
    const char *agency = c->genesis->agency[c->agency].name;
    if (!rg_definition_has_step(c->definition, step)) {
        return refuse(p, "step \"%s\" is not in the process definition %s; use one of its steps",
                      shown(step, name), c->definition->process);
    }
    if (!rg_definition_may_write(c->definition, step,
                                 (struct rg_bytes){(const uint8_t *)agency, strlen(agency)})) {
        return refuse(p,
                      "step \"%s\" is not for agency %s to record; the definition's `by` names "
                      "who may",
                      shown(step, name), agency);
    }
    return true;
}

static bool check_fields(const struct rg_submit_check *c, const struct position *p,
                         const struct rg_event *e)
{
    char name[40];
    for (uint32_t i = 0; i < e->field_count; i++) {
        const char *why = "is not well-formed";
        const rg_err err =
            rg_definition_check_field(c->definition, e->fields[i].name, e->fields[i].value, &why);
        if (err == RG_ERR_NOT_FOUND) {
            return refuse(p,
                          "field \"%s\" is not in the process definition; leave it out or add it "
                          "under `fields`",
                          shown(e->fields[i].name, name));
        }
        if (err != RG_OK) {
            return refuse(p, "field \"%s\": %s; correct the value", shown(e->fields[i].name, name),
                          why);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (rg_bytes_eq(e->fields[i].name, e->fields[j].name)) {
                return refuse(p, "field \"%s\" is there twice; keep one",
                              shown(e->fields[i].name, name));
            }
        }
    }
    return true;
}

bool rg_submit_check_events(const struct rg_submit_check *c, struct rg_arena *arena,
                            const struct rg_request *r, char *why, size_t why_cap)
{
    for (uint32_t i = 0; i < r->count; i++) {
        const struct position p = {why, why_cap, i, r->first + i};
        struct rg_event e;
        rg_arena_reset(arena);
        if (r->events[i].len > RG_SUBMIT_EVENT_MAX) {
            return refuse(&p, "it has %zu bytes, %u are allowed; record fewer fields",
                          r->events[i].len, RG_SUBMIT_EVENT_MAX);
        }
        if (rg_ledger_codec_decode_event(arena, r->events[i], &e) != RG_OK) {
            return refuse(&p,
                          "it is not a well-formed Event in its canonical encoding, of the years "
                          "1970 to 9999; encode it with libreigen");
        }
        const bool acknowledges = e.about.kind == RG_ABOUT_ACKNOWLEDGE;
        if (acknowledges && r->cases[i].len > 0) {
            return refuse(&p, "what acknowledges an alert stands in that alert's case; leave the "
                              "file number empty");
        }
        if (!acknowledges && !is_file_number(r->cases[i])) {
            return refuse(&p, "the file number must have 1 to %d bytes without control characters",
                          RG_FILE_NUMBER_MAX);
        }
        if (e.occurred_ms > (int64_t)c->wall_ms + RG_SUBMIT_AHEAD_MS) {
            return refuse(&p,
                          "occurred_at is more than a day ahead of this node's clock; correct the "
                          "time");
        }
        if (e.about.kind != RG_ABOUT_NONE && r->count > 1) {
            return refuse(&p, "what corrects or cancels an entry or acknowledges an alert stands "
                              "alone in its request; send it by itself");
        }
        /* A cancellation repeats the step of what it cancels, which may be of an older version;
         * that it does so is looked at with its target. */
        const bool cancels = e.about.kind == RG_ABOUT_CANCEL;
        if (!acknowledges &&
            ((!cancels && !check_step(c, &p, e.step)) || !check_fields(c, &p, &e))) {
            return false;
        }
    }
    return true;
}

/* Whether a request of one event, which is in @a but for its case, is about what it may. */
static rg_err check_target(struct rg_submit *s, struct rg_amend *a, struct rg_bytes file,
                           const char **out_why)
{
    struct rg_vault_case *c = NULL;
    uint64_t case_no = 0;
    uint64_t feed_no = 0;
    rg_err err = rg_vault_case_find_file(s->c.vault, file, &case_no);
    if (err == RG_OK) {
        err = rg_vault_case_load(s->c.vault, case_no, &c);
    }
    if (err == RG_OK) {
        a->of = c;
        err = rg_amend_find(a, &feed_no, out_why);
    } else if (err == RG_ERR_NOT_FOUND) {
        *out_why = "no final entry of a case with this file number is known here";
        err = RG_OK;
    }
    return err;
}

/* Whether the alert raised under @id may be acknowledged; NULL in @out_why: it may, or was. */
static rg_err check_alert(struct rg_submit *s, const struct rg_hash *id,
                          struct rg_submit_about *out, const char **out_why)
{
    struct rg_submit_alert found = {.case_no = 0};
    const rg_err err = s->c.alert(s->c.ctx, id, &found);
    if (err == RG_ERR_NOT_FOUND) {
        *out_why = "no alert was raised under this id at this node";
        return RG_OK;
    }
    if (err == RG_OK && found.case_no == 0) {
        *out_why = "the alert is about this node and not about a case";
    } else if (err == RG_OK && !found.open) {
        *out_why = "the alert was healed or withdrawn and no longer holds";
    }
    out->known = found.acknowledged;
    out->of_case = found.case_no;
    return err;
}

rg_err rg_submit__check_about(struct rg_submit *s, const struct rg_request *r,
                              struct rg_submit_about *out, char *why, size_t why_cap)
{
    struct rg_event e = {.about = {.kind = RG_ABOUT_NONE}};
    struct rg_id stream;
    struct rg_amend a = {.vault = s->c.vault,
                         .blocks = s->c.blocks,
                         .genesis = s->c.genesis,
                         .arena = &s->arena,
                         .writer = s->agency,
                         .event = &e};
    const char *text = NULL;
    *out = (struct rg_submit_about){.ok = true};
    if (r->count != 1) {
        return RG_OK; /* none of them is about another: rg_submit_check_events() */
    }
    rg_arena_reset(&s->arena);
    rg_err err = rg_ledger_codec_decode_event(&s->arena, r->events[0], &e);
    if (err != RG_OK || e.about.kind == RG_ABOUT_NONE) {
        return err;
    }
    rg_ledger_codec_about_stream(&s->c.genesis->ledger_id, &e.about, &stream);
    if (r->first != 1 || r->has_link || !rg_id_eq(&stream, &r->stream)) {
        text = "it must be number 1 of the stream of what it is about, without a link; use "
               "libreigen";
    } else if (e.about.kind == RG_ABOUT_ACKNOWLEDGE) {
        err = check_alert(s, &e.about.alert, out, &text);
    } else {
        err = check_target(s, &a, r->cases[0], &text);
    }
    if (text != NULL) {
        out->ok = false;
        (void)snprintf(why, why_cap, "The %s cannot be recorded: %s.",
                       e.about.kind == RG_ABOUT_ACKNOWLEDGE ? "acknowledgement"
                                                            : "correction or cancellation",
                       text);
    }
    return err;
}
