rg_module(link SOURCES link.c DEPS base SYSTEM PkgConfig::czmq)
rg_posix(rg_link)
rg_module(log SOURCES log.c DEPS base)
rg_posix(rg_log)
rg_module(bus
  SOURCES bus/peers.c bus/peers_receive.c bus/socket.c bus/zap.c bus/zap_probe.c
  DEPS base crypto ledger
  SYSTEM PkgConfig::czmq)
rg_posix(rg_bus)
