#include "base/bytes.h"
#include "client/session.h"
#include "client/session_priv.h"
#include <stdlib.h>

#define EVENTS_MS 20000 /* the node itself waits up to 10 s for its blocks */
#define CONFORMANCE_MS 120000
#define CONFORMANCE_MAX (512u * 1024 * 1024)
#define CONFORMANCE_TRIES 3
#define FINAL_MS (20ll * 24 * 3600 * 1000) /* a stalled network may take any time */

static rg_err ask(struct rg_session *s, const struct rg_request *r, enum rg_answer_kind kind,
                  int64_t timeout_ms, struct rg_answer *out)
{
    const rg_err err = rg_session_call(s, r, timeout_ms, out);
    if (err == RG_OK && out->kind != kind) {
        return rg_session__fail(s, RG_ERR_INVALID, RG_SESSION_INTERNAL,
                                "the node at %s answered another question; do its version and this "
                                "program's fit?",
                                s->api);
    }
    return err;
}

static struct rg_bytes text(const char *t)
{
    return t == NULL ? (struct rg_bytes){NULL, 0} : rg_bytes_str(t);
}

rg_err rg_session_status(struct rg_session *s, struct rg_answer *out)
{
    const struct rg_request r = {.kind = RG_REQUEST_STATUS};
    return ask(s, &r, RG_ANSWER_STATUS, 0, out);
}

rg_err rg_session_case(struct rg_session *s, const char *file_number, const struct rg_id *pseudonym,
                       struct rg_answer *out)
{
    struct rg_request r = {.kind = RG_REQUEST_CASE, .file_number = text(file_number)};
    if (pseudonym != NULL) {
        r.has_pseudonym = true;
        r.pseudonym = *pseudonym;
    }
    return ask(s, &r, RG_ANSWER_CASE, 0, out);
}

rg_err rg_session_events(struct rg_session *s, struct rg_session_place *place,
                         struct rg_answer *out)
{
    const struct rg_request r = {.kind = RG_REQUEST_EVENTS,
                                 .from_case = place->next_case,
                                 .from_event = place->next_event,
                                 .through = place->through,
                                 .after = place->after};
    const rg_err err = ask(s, &r, RG_ANSWER_EVENTS, EVENTS_MS, out);
    if (err == RG_OK) {
        if (place->next_case == 0) {
            place->time_ms = out->time_ms;
            place->version = out->version;
        }
        place->next_case = out->next_case;
        place->next_event = out->next_event;
        place->through = out->through;
    }
    return err;
}

rg_err rg_session_alerts(struct rg_session *s, const struct rg_session_alerts *query,
                         struct rg_answer *out)
{
    struct rg_request r = {
        .kind = RG_REQUEST_ALERTS,
        .since = query->since,
        .max = query->max,
        .severity = text(query->severity),
        .file_number = text(query->file_number),
    };
    if (query->pseudonym != NULL) {
        r.has_pseudonym = true;
        r.pseudonym = *query->pseudonym;
    }
    if (query->alert != NULL) {
        r.has_alert = true;
        r.alert = *query->alert;
    }
    r.unacknowledged = query->unacknowledged;
    return ask(s, &r, RG_ANSWER_ALERTS, 0, out);
}

/* Append a page, keeping room for a final NUL. */
static rg_err append(char **data, size_t *len, struct rg_bytes page)
{
    if (*len + page.len > CONFORMANCE_MAX) {
        return RG_ERR_FULL;
    }
    char *grown = realloc(*data, *len + page.len + 1);
    if (grown == NULL) {
        return RG_ERR_NOMEM;
    }
    if (page.len > 0) {
        memcpy(grown + *len, page.data, page.len);
    }
    *len += page.len;
    grown[*len] = '\0';
    *data = grown;
    return RG_OK;
}

static rg_err read_pages(struct rg_session *s, const struct rg_request *first, char **data,
                         size_t *len)
{
    struct rg_answer a = {0};
    rg_err err = ask(s, first, RG_ANSWER_PAGE, CONFORMANCE_MS, &a);
    uint32_t number = 0;
    while (err == RG_OK) {
        err = append(data, len, a.page_data);
        if (err != RG_OK) {
            return rg_session__fail(s, err, RG_SESSION_INTERNAL, "the result is too large: %s",
                                    rg_err_text(err));
        }
        if (a.page_token == 0) {
            break;
        }
        const struct rg_request next = {
            .kind = RG_REQUEST_PAGE, .token = a.page_token, .page = ++number};
        err = ask(s, &next, RG_ANSWER_PAGE, CONFORMANCE_MS, &a);
    }
    return err;
}

rg_err rg_session_conformance(struct rg_session *s, const struct rg_session_conformance *query,
                              char **out, size_t *out_len)
{
    const struct rg_request r = {.kind = RG_REQUEST_CONFORMANCE,
                                 .rules = query->rules,
                                 .as_of_ms = query->as_of_ms,
                                 .by = query->by};
    char *data = NULL;
    size_t len = 0;
    rg_err err = RG_ERR_CLOSED;
    /* Pages live in the node's memory: when it restarted in between, begin again. */
    for (int i = 0; i < CONFORMANCE_TRIES; i++) {
        len = 0;
        err = read_pages(s, &r, &data, &len);
        if (err != RG_ERR_UNREACHABLE && err != RG_ERR_BUSY) {
            break;
        }
    }
    if (err != RG_OK) {
        free(data);
        return err;
    }
    *out = data;
    *out_len = len;
    return RG_OK;
}

rg_err rg_session_definition(struct rg_session *s, struct rg_answer *out)
{
    const struct rg_request r = {.kind = RG_REQUEST_DEFINITION};
    return ask(s, &r, RG_ANSWER_DEFINITION, 0, out);
}

rg_err rg_session_definition_of(struct rg_session *s, uint32_t version,
                                const struct rg_hash *motion, struct rg_answer *out)
{
    struct rg_request r = {.kind = RG_REQUEST_DEFINITION, .version = version};
    if (motion != NULL) {
        r.has_motion = true;
        r.motion = *motion;
    }
    return ask(s, &r, RG_ANSWER_DEFINITION, 0, out);
}

rg_err rg_session_cursor(struct rg_session *s, const char *name, uint64_t acknowledge,
                         uint64_t *out)
{
    const struct rg_request r = {
        .kind = RG_REQUEST_CURSOR, .name = text(name), .acknowledge = acknowledge};
    struct rg_answer a = {0};
    const rg_err err = ask(s, &r, RG_ANSWER_CURSOR, 0, &a);
    if (err == RG_OK) {
        *out = a.acknowledged;
    }
    return err;
}

rg_err rg_session_motions(struct rg_session *s, struct rg_answer *out)
{
    const struct rg_request r = {.kind = RG_REQUEST_MOTIONS};
    return ask(s, &r, RG_ANSWER_MOTIONS, 0, out);
}

rg_err rg_session_ballot(struct rg_session *s, struct rg_bytes entry, bool wait,
                         struct rg_answer *out)
{
    const struct rg_request r = {.kind = RG_REQUEST_BALLOT, .entry = entry, .wait = wait};
    return ask(s, &r, RG_ANSWER_SUBMITTED, wait ? FINAL_MS : 0, out);
}

rg_err rg_session_hook(struct rg_session *s, const char *name)
{
    const struct rg_request r = {.kind = RG_REQUEST_TEST_HOOK, .name = text(name)};
    struct rg_answer a = {0};
    return rg_session_call(s, &r, 0, &a);
}
