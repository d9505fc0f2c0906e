/* By which events the rules of a case are violated: what its alerts say. The state of a live case
 * only counts them. */
#include <jansson.h>
#include <string.h>

#include "base/bytes.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/monitor_priv.h"

#define ALERTS_MAX 512u /* of a case, looked at */

struct search {
    struct rg_answer_rule *rules;
    uint32_t count;
};

static struct rg_answer_rule *find(const struct search *s, const char *id)
{
    for (uint32_t i = 0; id != NULL && i < s->count; i++) {
        if (rg_bytes_eq(s->rules[i].rule, rg_bytes_str(id))) {
            return &s->rules[i];
        }
    }
    return NULL;
}

/* The event counts from its alert on, until that is withdrawn. */
static void note(struct rg_answer_rule *r, int64_t event_no, bool withdrawn)
{
    uint32_t i = 0;
    while (i < r->event_count && r->events[i] != event_no) {
        i++;
    }
    if (withdrawn && i < r->event_count) {
        r->event_count--;
        memmove(&r->events[i], &r->events[i + 1], (r->event_count - i) * sizeof r->events[0]);
    } else if (!withdrawn && i == r->event_count && i < RG_RULE_EVENTS_MAX) {
        r->events[r->event_count++] = event_no;
    }
}

static void take(void *ctx, uint64_t logseq, struct rg_bytes topic, struct rg_bytes json)
{
    struct search *s = ctx;
    (void)logseq;
    (void)topic;
    json_t *o = json_loadb((const char *)json.data, json.len, 0, NULL);
    const json_t *data = json_object_get(o, "data");
    const char *severity = json_string_value(json_object_get(data, "severity"));
    const char *state = json_string_value(json_object_get(data, "state"));
    const json_t *event_no = json_object_get(data, "event_no");
    struct rg_answer_rule *r = find(s, json_string_value(json_object_get(data, "rule")));
    /* What an earlier version raised and this one does not was withdrawn when it took over. */
    if (r != NULL && r->state == RG_RULE_VIOLATED && severity != NULL && state != NULL &&
        event_no != NULL && strcmp(severity, "system") != 0) {
        note(r, json_integer_value(event_no), strcmp(state, "withdrawn") == 0);
    }
    json_decref(o);
}

rg_err rg_monitor_violations(struct rg_monitor *m, uint64_t case_no, struct rg_answer_rule *rules,
                             uint32_t count, bool *out_more)
{
    struct search s = {rules, count};
    const struct rg_monitor_query q = {
        .max = ALERTS_MAX, .max_bytes = SIZE_MAX, .case_no = case_no};
    uint64_t next = 0;
    return rg_alertlog_query(m->log, &q, take, &s, &next, out_more);
}
