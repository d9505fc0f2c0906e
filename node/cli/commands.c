#include "node/cli/commands.h"
#include <string.h>

const struct rg_cli_option rg_commands_global[] = {
    {"profile", "FILE",
     "who I am and where my node is (else $REIGEN_PROFILE, ./reigen.yaml, "
     "~/.config/reigen/profile.yaml)"},
    {"json", NULL, "print facts as JSON: one object, or one object a line"},
    {"quiet", NULL, "no notes and no progress"},
    {"help", NULL, "show help and end"},
    {"version", NULL, "show the version and end"},
    {NULL, NULL, NULL},
};

/* In the order of help. */
const struct rg_cli_command *const rg_commands[] = {
    &rg_cmd_status,         &rg_cmd_submit,         &rg_cmd_correct,        &rg_cmd_cancel,
    &rg_cmd_import,         &rg_cmd_case,           &rg_cmd_alerts,         &rg_cmd_ack,
    &rg_cmd_watch,          &rg_cmd_conformance,    &rg_cmd_export,         &rg_cmd_motions,
    &rg_cmd_propose,        &rg_cmd_vote,           &rg_cmd_verify,         &rg_cmd_process_check,
    &rg_cmd_process_shadow, &rg_cmd_keygen,         &rg_cmd_genesis_create, &rg_cmd_genesis_show,
    &rg_cmd_cluster_up,     &rg_cmd_cluster_status, &rg_cmd_cluster_down,   &rg_cmd_cluster_kill,
    &rg_cmd_cluster_start,  &rg_cmd_cluster_pause,  &rg_cmd_cluster_resume, &rg_cmd_cluster_isolate,
    &rg_cmd_cluster_heal,   &rg_cmd_bench,          &rg_cmd_simulate,       NULL,
};

/* Whether the command's name is the first word, or the first two. */
static bool names(const struct rg_cli_command *c, char **words, int count, int *out_used)
{
    const char *blank = strchr(c->name, ' ');
    if (blank == NULL) {
        *out_used = 1;
        return strcmp(c->name, words[0]) == 0;
    }
    const size_t len = (size_t)(blank - c->name);
    *out_used = 2;
    return count > 1 && strlen(words[0]) == len && memcmp(c->name, words[0], len) == 0 &&
           strcmp(blank + 1, words[1]) == 0;
}

const struct rg_cli_command *rg_commands_find(char **words, int count, int *out_used)
{
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        int used = 0;
        if (names(rg_commands[i], words, count, &used)) {
            *out_used = used;
            return rg_commands[i];
        }
    }
    return NULL;
}
