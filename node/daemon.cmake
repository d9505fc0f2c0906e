rg_module(daemon
  SOURCES archive.c config.c cut.c loop.c loop_act.c loop_cut.c loop_serve.c loop_start.c
  DEPS base crypto ledger proto storage rules core bus link log
  SYSTEM PkgConfig::czmq)
rg_posix(rg_daemon)
rg_program(reigend SOURCES main.c DEPS daemon agency SYSTEM PkgConfig::czmq)
rg_posix(reigend)
