foreach(part epoch guilt hostile life memory mesh pool)
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/core_${part}.c)
    rg_test(unit core_${part} SOURCES core_lab.c core_${part}.c
      MODULES core proto ledger consensus crypto base SYSTEM PkgConfig::cmocka)
  endif()
endforeach()
if(TARGET rg_audit)
  rg_test(unit core_audit SOURCES core_audit.c core_lab.c
    MODULES audit core storage proto ledger consensus crypto base
    SYSTEM PkgConfig::cmocka PkgConfig::lmdb)
endif()
