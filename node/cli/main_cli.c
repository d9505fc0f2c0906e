/* reigen: the command line. */
#include "node/cli/cli.h"
#include "node/cli/say.h"
#include <stdio.h>
#include <string.h>

#ifndef RG_VERSION
#define RG_VERSION "0.1.0"
#endif

/* Whether @word is the first half of commands such as `cluster up`. */
static bool is_group(const char *word)
{
    const size_t len = strlen(word);
    for (size_t i = 0; rg_commands[i] != NULL; i++) {
        if (strncmp(rg_commands[i]->name, word, len) == 0 && rg_commands[i]->name[len] == ' ') {
            return true;
        }
    }
    return false;
}

static int unknown_command(const struct rg_cli *cli)
{
    const char *names[64];
    size_t n = 0;
    char word[96];
    const char *word0 = cli->args[0];
    if (is_group(word0) && cli->arg_count == 1) {
        rg_say_error("`reigen %s` needs one of these:", word0);
        (void)fflush(stderr);
        rg_help_group(word0);
        return RG_CLI_USAGE;
    }
    (void)snprintf(word, sizeof word, "%.40s%s%.40s", word0, is_group(word0) ? " " : "",
                   is_group(word0) ? cli->args[1] : "");
    for (size_t i = 0; rg_commands[i] != NULL && n < 64; i++) {
        names[n++] = rg_commands[i]->name;
    }
    const char *near = rg_suggest_nearest(word, names, n);
    rg_say_error("there is no command `%s`%s%s%s; see `reigen --help`", word,
                 near != NULL ? "; did you mean `" : "", near != NULL ? near : "",
                 near != NULL ? "`?" : "");
    return RG_CLI_USAGE;
}

/* `help`, `help --man`, `completion SHELL` and friends: what is no command of the table. */
static int without_command(const struct rg_cli *cli)
{
    if (cli->arg_count == 0) {
        rg_help_all();
        return cli->help ? RG_CLI_OK : RG_CLI_USAGE;
    }
    if (strcmp(cli->args[0], "help") == 0) {
        rg_help_all();
        return RG_CLI_OK;
    }
    if (strcmp(cli->args[0], "completion") == 0) {
        if (cli->arg_count == 2 && rg_help_completion(cli->args[1])) {
            return RG_CLI_OK;
        }
        rg_say_error("usage: reigen completion bash|zsh|fish");
        return RG_CLI_USAGE;
    }
    if (cli->help && is_group(cli->args[0])) {
        rg_help_group(cli->args[0]);
        return RG_CLI_OK;
    }
    return unknown_command(cli);
}

int main(int argc, char **argv)
{
    struct rg_cli cli = {0};
    if (argc == 3 && strcmp(argv[1], "help") == 0 && strcmp(argv[2], "--man") == 0) {
        rg_help_man();
        return RG_CLI_OK;
    }
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            (void)printf("reigen %s\n", RG_VERSION);
            return RG_CLI_OK;
        }
    }
    if (rg_opts_parse(argc, argv, &cli) != RG_OK) {
        return RG_CLI_USAGE;
    }
    rg_say_be_quiet(cli.quiet);
    if (cli.command == NULL) {
        return without_command(&cli);
    }
    if (cli.help) {
        rg_help_command(cli.command);
        return RG_CLI_OK;
    }
    const int code = cli.command->run(&cli);
    rg_say_progress_end();
    if (fflush(stdout) != 0 && code == RG_CLI_OK) {
        return RG_CLI_DISK;
    }
    return code;
}
