rg_test(unit client_line SOURCES client_line.c MODULES client crypto base SYSTEM cmocka PkgConfig::czmq)
rg_test(unit client_pipeline SOURCES client_pipeline.c client_peer.c MODULES client proto crypto base SYSTEM cmocka PkgConfig::czmq)
rg_test(unit client_watch SOURCES client_watch.c client_peer.c MODULES client proto crypto base SYSTEM cmocka PkgConfig::czmq)
