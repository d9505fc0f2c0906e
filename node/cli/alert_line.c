#include "node/cli/alert_line.h"
#include "base/bytes.h"
#include "node/cli/say.h"
#include "node/cli/words.h"
#include <jansson.h>
#include <stdio.h>

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
        print_text(rg_words_text(who, "agency"));
        (void)printf("/");
        print_text(rg_words_text(who, "member"));
        if (rg_words_text(who, "note")[0] != '\0') {
            (void)printf(" (");
            print_text(rg_words_text(who, "note"));
            (void)printf(")");
        }
    }
}

static void print_sentence(const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *severity = rg_words_text(data, "severity");
    const char *message = rg_words_of(json_object_get(data, "message"));
    const char *colour = strcmp(severity, "critical") == 0 ? "red" : "yellow";
    print_text(rg_words_text(event, "time"));
    (void)printf(" %s%-8s%s ", rg_say_colour(colour), severity, rg_say_colour("off"));
    print_text(rg_words_text(data, "rule"));
    if (strcmp(rg_words_text(data, "state"), "raised") != 0) {
        (void)printf(" ");
        print_text(rg_words_text(data, "state"));
        print_who(data);
    }
    const char *subject = rg_words_text(event, "subject");
    if (subject[0] != '\0') {
        (void)printf("  %.8s  ", subject);
        print_text(rg_words_text(data, "step"));
        (void)printf(" (");
        print_text(rg_words_text(data, "agency"));
        (void)printf(")");
    }
    (void)printf(": ");
    print_text(message);
    if (subject[0] != '\0') {
        (void)printf(" [");
        print_text(rg_words_text(data, "alert"));
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
