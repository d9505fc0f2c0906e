rg_test(unit base SOURCES base_all.c MODULES base SYSTEM PkgConfig::cmocka)
rg_test(unit crypto SOURCES crypto_all.c MODULES crypto SYSTEM PkgConfig::cmocka)
rg_test(unit ledger SOURCES ledger_all.c MODULES ledger proto SYSTEM PkgConfig::cmocka)
rg_test(unit ledger_genesis SOURCES ledger_genesis.c MODULES ledger proto SYSTEM PkgConfig::cmocka)
target_include_directories(unit_ledger_genesis SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/proto)
rg_test(unit ledger_more SOURCES ledger_more.c MODULES ledger SYSTEM PkgConfig::cmocka)
rg_test(unit ledger_governance SOURCES ledger_governance.c MODULES ledger proto SYSTEM PkgConfig::cmocka)
rg_test(unit ledger_publish SOURCES ledger_publish.c MODULES ledger proto SYSTEM PkgConfig::cmocka)
rg_test(unit proto SOURCES proto_all.c MODULES proto SYSTEM PkgConfig::cmocka)
rg_test(unit proto_full SOURCES proto_full.c proto_samples.c MODULES proto
  SYSTEM PkgConfig::cmocka)
# These change messages through the generated code.
foreach(part hostile hostile_client)
  rg_test(unit proto_${part} SOURCES proto_${part}.c proto_break.c proto_samples.c MODULES proto
    SYSTEM PkgConfig::cmocka)
  target_include_directories(unit_proto_${part} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/proto)
endforeach()
