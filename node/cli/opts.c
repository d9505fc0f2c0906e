#include "base/bytes.h"
#include "base/num.h"
#include "node/cli/cli.h"
#include "node/cli/say.h"
#include <string.h>

const char *rg_opts_get(const struct rg_cli *cli, const char *name)
{
    for (size_t i = cli->given_count; i > 0; i--) {
        if (strcmp(cli->given[i - 1].option->name, name) == 0) {
            return cli->given[i - 1].value;
        }
    }
    return NULL;
}

bool rg_opts_has(const struct rg_cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *rg_opts_nth(const struct rg_cli *cli, const char *name, size_t n)
{
    for (size_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, name) == 0) {
            if (n == 0) {
                return cli->given[i].value;
            }
            n--;
        }
    }
    return NULL;
}

rg_err rg_opts_number(const struct rg_cli *cli, const char *name, const uint64_t range[2],
                      uint64_t fallback, uint64_t *out)
{
    const char *text = rg_opts_get(cli, name);
    uint64_t v = fallback;
    if (text != NULL &&
        (rg_num_parse_u64(rg_bytes_str(text), range[1], &v) != RG_OK || v < range[0])) {
        rg_say_error("--%s %s: not a number from %llu to %llu", name, text,
                     (unsigned long long)range[0], (unsigned long long)range[1]);
        return RG_ERR_USAGE;
    }
    *out = v;
    return RG_OK;
}

static const struct rg_cli_option *find(const struct rg_cli_option *list, const char *name,
                                        size_t len)
{
    for (size_t i = 0; list != NULL && list[i].name != NULL; i++) {
        if (strlen(list[i].name) == len && memcmp(list[i].name, name, len) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static void unknown_option(const struct rg_cli *cli, const char *name, size_t len)
{
    const char *names[RG_CLI_OPTIONS_MAX];
    char word[64];
    size_t n = 0;
    for (size_t i = 0; rg_commands_global[i].name != NULL; i++) {
        names[n++] = rg_commands_global[i].name;
    }
    const struct rg_cli_option *own = cli->command == NULL ? NULL : cli->command->options;
    for (size_t i = 0; own != NULL && own[i].name != NULL && n < RG_CLI_OPTIONS_MAX; i++) {
        names[n++] = own[i].name;
    }
    len = len < sizeof word - 1 ? len : sizeof word - 1;
    memcpy(word, name, len);
    word[len] = '\0';
    const char *near = rg_suggest_nearest(word, names, n);
    rg_say_error("unknown option --%s%s%s%s; see `reigen %s%s--help`", word,
                 near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
                 near != NULL ? "?" : "", cli->command == NULL ? "" : cli->command->name,
                 cli->command == NULL ? "" : " ");
}

static void take_global(struct rg_cli *cli, const struct rg_cli_option *o, const char *value)
{
    if (strcmp(o->name, "profile") == 0) {
        cli->profile = value;
    } else if (strcmp(o->name, "json") == 0) {
        cli->json = true;
    } else if (strcmp(o->name, "quiet") == 0) {
        cli->quiet = true;
    } else if (strcmp(o->name, "help") == 0) {
        cli->help = true;
    }
}

/* Read one `--option`; gives how many words it used, 0 when it is wrong. */
static int take_option(struct rg_cli *cli, char **argv, int left)
{
    const char *name = argv[0] + 2;
    const char *equals = strchr(name, '=');
    const size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct rg_cli_option *own =
        cli->command == NULL ? NULL : find(cli->command->options, name, len);
    const struct rg_cli_option *o = own != NULL ? own : find(rg_commands_global, name, len);
    if (o == NULL) {
        unknown_option(cli, name, len);
        return 0;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    int used = 1;
    if (o->arg != NULL && value == NULL) {
        value = left > 1 ? argv[1] : NULL;
        used = 2;
    }
    if ((o->arg == NULL) != (value == NULL)) {
        rg_say_error(o->arg == NULL ? "--%s takes no value%s" : "--%s needs a value: %s", o->name,
                     o->arg == NULL ? "" : o->arg);
        return 0;
    }
    if (own == NULL) {
        take_global(cli, o, value);
    } else if (cli->given_count < RG_CLI_OPTIONS_MAX) {
        cli->given[cli->given_count++] = (struct rg_cli_given){o, value};
    } else {
        rg_say_error("more than %d options", RG_CLI_OPTIONS_MAX);
        return 0;
    }
    return used;
}

static rg_err check_args(const struct rg_cli *cli)
{
    const struct rg_cli_command *c = cli->command;
    if (c == NULL || cli->help) {
        return RG_OK;
    }
    if (cli->arg_count < c->min_args) {
        rg_say_error("`reigen %s` needs %s; see `reigen %s --help`", c->name, c->args, c->name);
        return RG_ERR_USAGE;
    }
    if (cli->arg_count > c->max_args) {
        rg_say_error("`%s` is one argument too many for `reigen %s`; see `reigen %s --help`",
                     cli->args[c->max_args], c->name, c->name);
        return RG_ERR_USAGE;
    }
    return RG_OK;
}

/* Words before the command: global options; then the command; then its own. */
rg_err rg_opts_parse(int argc, char **argv, struct rg_cli *cli)
{
    bool only_args = false;
    cli->program = argv[0];
    int i = 1;
    while (i < argc) {
        char *word = argv[i];
        if (!only_args && strcmp(word, "--") == 0) {
            only_args = true;
            i++;
        } else if (!only_args && strncmp(word, "--", 2) == 0) {
            const int used = take_option(cli, argv + i, argc - i);
            if (used == 0) {
                return RG_ERR_USAGE;
            }
            i += used;
        } else if (cli->command == NULL && cli->arg_count == 0) {
            int used = 0;
            cli->command = rg_commands_find(argv + i, argc - i, &used);
            if (cli->command == NULL) {
                cli->args[cli->arg_count++] = word;
                used = 1;
            }
            i += used;
        } else if (cli->arg_count < RG_CLI_ARGS_MAX) {
            cli->args[cli->arg_count++] = word;
            i++;
        } else {
            rg_say_error("more than %d arguments", RG_CLI_ARGS_MAX);
            return RG_ERR_USAGE;
        }
    }
    return check_args(cli);
}
