rg_test(unit base SOURCES base_all.c MODULES base SYSTEM PkgConfig::cmocka)
rg_test(unit crypto SOURCES crypto_all.c MODULES crypto SYSTEM PkgConfig::cmocka)
rg_test(unit ledger SOURCES ledger_all.c MODULES ledger proto SYSTEM PkgConfig::cmocka)
rg_test(unit proto SOURCES proto_all.c MODULES proto SYSTEM PkgConfig::cmocka)
