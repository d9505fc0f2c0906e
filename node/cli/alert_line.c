#include "node/cli/alert_line.h"
#include "base/bytes.h"
#include "node/cli/say.h"
#include <jansson.h>
#include <stdio.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *t = json_string_value(json_object_get(object, key));
    return t == NULL ? "" : t;
}

static void print_text(const char *t)
{
    rg_say_text(rg_bytes_str(t));
}

/* Who acknowledged it, if anybody did. */
static void print_who(const json_t *data)
{
    const json_t *who = json_object_get(data, "acknowledged");
    if (who != NULL) {
        (void)printf(" by ");
        print_text(text_of(who, "agency"));
        (void)printf("/");
        print_text(text_of(who, "member"));
        if (text_of(who, "note")[0] != '\0') {
            (void)printf(" (");
            print_text(text_of(who, "note"));
            (void)printf(")");
        }
    }
}

static void print_sentence(const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *severity = text_of(data, "severity");
    const json_t *message = json_object_get(data, "message");
    const char *de = message != NULL ? text_of(message, "de") : text_of(data, "message.de");
    const char *colour = strcmp(severity, "critical") == 0 ? "red" : "yellow";
    print_text(text_of(event, "time"));
    (void)printf(" %s%-8s%s ", rg_say_colour(colour), severity, rg_say_colour("off"));
    print_text(text_of(data, "rule"));
    if (strcmp(text_of(data, "state"), "raised") != 0) {
        (void)printf(" ");
        print_text(text_of(data, "state"));
        print_who(data);
    }
    (void)printf("  %.8s  ", text_of(event, "subject"));
    print_text(text_of(data, "step"));
    (void)printf(" (");
    print_text(text_of(data, "agency"));
    (void)printf("): ");
    print_text(de);
    if (text_of(event, "subject")[0] != '\0') {
        (void)printf(" [");
        print_text(text_of(data, "alert"));
        (void)printf("]");
    }
    (void)printf("\n");
}

bool rg_alert_line_print(struct rg_bytes event, bool json)
{
    json_t *parsed = json ? NULL : json_loadb((const char *)event.data, event.len, 0, NULL);
    if (parsed != NULL && json_object_get(parsed, "data") != NULL) {
        print_sentence(parsed);
    } else {
        (void)fwrite(event.data, 1, event.len, stdout);
        (void)fputc('\n', stdout);
    }
    json_decref(parsed);
    return fflush(stdout) == 0;
}
