#include "node/cli/commands.h"
#include "node/cli/definition_file.h"
#include "node/cli/status_json.h"
#include <stdio.h>

static int report(const struct rg_cli *cli, const char *path, const struct rg_definition *def)
{
    if (cli->json) {
        return rg_status_json_line(json_pack("{s:s,s:s,s:i,s:I,s:I,s:b}", "file", path, "process",
                                             def->process, "version", (int)def->version, "steps",
                                             (json_int_t)def->step_count, "rules",
                                             (json_int_t)def->rule_count, "valid", 1));
    }
    (void)printf("%s: process `%s` version %u is valid: ", path, def->process, def->version);
    if (def->steps_any) {
        (void)printf("any step, ");
    } else {
        (void)printf("%zu steps, ", def->step_count);
    }
    (void)printf("%zu rules\n", def->rule_count);
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    char text[RG_DEFINITION_ERROR_MAX];
    struct rg_definition_file file = {0};
    const char *path = cli->args[0];
    int code = rg_definition_file_read(path, &file);
    if (code != RG_CLI_OK) {
        return code;
    }
    rg_definition_lint(file.def, text);
    if (text[0] != '\0') {
        (void)fprintf(stderr, "%s\n", text);
    }
    code = text[0] != '\0' ? RG_CLI_INPUT : report(cli, path, file.def);
    rg_definition_file_fini(&file);
    return code;
}

const struct rg_cli_command rg_cmd_process_check = {
    .name = "process check",
    .args = "FILE",
    .summary = "check a process definition",
    .detail = "Reads a process definition and says what is wrong with it, each error with its line "
              "and column: what a node would refuse, and what is valid but cannot be meant (rules "
              "that contradict each other or can never fire, steps that no case can reach). Ends "
              "with 65 when there is one. Needs no node.",
    .examples = {"reigen process check deploy/processes/anker-dresden.yaml",
                 "reigen process check my-process.yaml --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
