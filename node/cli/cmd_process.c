#include "base/limits.h"
#include "node/cli/commands.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "rules/definition.h"
#include <stdio.h>
#include <stdlib.h>

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
    struct rg_definition *def = NULL;
    uint8_t *data = NULL;
    size_t len = 0;
    const char *path = cli->args[0];
    rg_err err = rg_file_read(path, RG_DEFINITION_MAX, &data, &len);
    if (err != RG_OK) {
        rg_say_error("%s: %s", path,
                     err == RG_ERR_FULL ? "larger than a definition may be (64 KiB)"
                                        : rg_err_text(err));
        return RG_CLI_INPUT;
    }
    err = rg_definition_parse(path, (struct rg_bytes){data, len}, &def, text);
    free(data);
    if (err != RG_OK) {
        (void)fprintf(stderr, "%s\n", text[0] != '\0' ? text : rg_err_text(err));
        return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL : RG_CLI_INPUT;
    }
    rg_definition_lint(def, text);
    if (text[0] != '\0') {
        (void)fprintf(stderr, "%s\n", text);
    }
    const int code = text[0] != '\0' ? RG_CLI_INPUT : report(cli, path, def);
    rg_definition_destroy(&def);
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
