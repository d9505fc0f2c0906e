# The ledger node without its surroundings: sans-I/O, no CZMQ, no LMDB, no clock.
rg_module(core
  SOURCES
    core/beacon.c
    core/blocktree.c
    core/build.c
    core/catchup.c
    core/commit.c
    core/core.c
    core/drive.c
    core/epoch.c
    core/evidence.c
    core/fetch.c
    core/guilt.c
    core/judge.c
    core/mempool.c
    core/outbox.c
    core/ownlog.c
    core/receive.c
    core/record.c
    core/recover.c
    core/send.c
    core/serve.c
    core/submit.c
    core/translate.c
    core/turn.c
  DEPS base crypto consensus ledger proto)
