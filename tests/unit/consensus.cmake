foreach(part corners far form hammer hostile memory network rules trace)
  rg_test(unit consensus_${part} SOURCES consensus_kit.c consensus_lab.c consensus_${part}.c
    MODULES consensus crypto base SYSTEM PkgConfig::cmocka TIMEOUT 120)
endforeach()
