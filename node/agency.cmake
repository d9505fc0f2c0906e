# The case store and its feed, which the monitor reads; then the agency thread above both.
rg_module(vault
  SOURCES agency/amend.c agency/blocks.c agency/casebook.c agency/feed.c agency/recent.c agency/u64map.c agency/vault.c
    agency/vault_case.c agency/vault_list.c
  DEPS base crypto ledger proto storage)
rg_posix(rg_vault)
rg_module(agency
  SOURCES agency/agency.c agency/agency_loop.c agency/api.c agency/api_case.c agency/api_events.c
    agency/api_definition.c agency/api_motions.c agency/api_status.c agency/follow.c agency/follow_entry.c agency/health.c agency/keys.c
    agency/keys_send.c agency/pending.c agency/pending_sub.c
    agency/submit.c agency/submit_ballot.c agency/submit_check.c agency/submit_pack.c
    agency/versions.c
  DEPS monitor vault rules bus link base crypto ledger proto storage
  SYSTEM PkgConfig::czmq)
rg_posix(rg_agency)
