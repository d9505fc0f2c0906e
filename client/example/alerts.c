/* Prints every alert of the own agency's node once, through restarts of either side: the node keeps
 * under NAME how far this program came, and what was missed meanwhile is fetched.
 *
 *   cc alerts.c $(pkg-config --cflags --libs reigen) -o alerts
 *   ./alerts API EVENTS SERVER-KEY LEDGER-ID MEMBER KEY-FILE NAME     (all but NAME: profile.yaml)
 */
#include <base/hex.h>
#include <client/reigen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* The alert counts as handled when this returns true: only then does the node move the cursor. */
static bool on_alert(void *ctx, const struct rg_watch_item *item)
{
    (void)ctx;
    printf("%.*s\n", (int)item->event.len, (const char *)item->event.data);
    return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    struct rg_sign *key = NULL;
    struct rg_session *session = NULL;
    struct rg_session_config config = {.stop = &stop};
    struct rg_watch_config watch = {.stop = &stop, .on_item = on_alert};
    if (argc != 8 || rg_session_start() != RG_OK || rg_sign_load(argv[6], &key) != RG_OK ||
        rg_hex_parse(argv[3], config.server_key.b, sizeof config.server_key.b) != RG_OK ||
        rg_hex_parse(argv[4], config.ledger.b, sizeof config.ledger.b) != RG_OK) {
        fprintf(stderr, "usage: alerts API EVENTS SERVER-KEY LEDGER-ID MEMBER KEY-FILE NAME\n");
        return 64;
    }
    (void)signal(SIGTERM, on_signal);
    config.api = argv[1];
    config.events = argv[2];
    config.member = (uint32_t)strtoul(argv[5], NULL, 10); /* tidy: the example has no helpers */
    config.key = key;
    watch.durable = argv[7];
    const bool good =
        rg_session_open(&config, &session) == RG_OK && rg_watch_run(session, &watch) == RG_OK;
    if (!good) {
        fprintf(stderr, "alerts: %s\n", session == NULL ? "bad address" : rg_session_why(session));
    }
    rg_session_close(&session);
    rg_sign_destroy(&key);
    rg_session_finish();
    return good ? 0 : 69;
}
