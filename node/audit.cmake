#The check of a stopped node's data, for `reigen verify --data`.
rg_module(audit SOURCES audit.c audit_chain.c audit_journal.c DEPS base crypto consensus ledger
              proto storage core)
