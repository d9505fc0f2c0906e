#!/usr/bin/env bash
# Networks of 1, 2, 3, 4 and 7 nodes record a log and end at one height, hash and digest, started again too.
. "$(dirname "$0")/lib.sh"
synthetic "$T/log.csv" 60
for n in 1 2 3 4 7; do
  D=$T/n$n
  SECONDS=0
  up "$D" "$n" --process "$processes/receipt.yaml"
  [ $SECONDS -le $((5 * ${REIGEN_TEST_SLOW:-1})) ] || fail "$n nodes took $SECONDS s to be ready"
  if [ "$n" -le 3 ]; then grep -q '^note:' "$D.table" || fail "$n nodes: no word about what they do not survive"; fi
  result=$(on "$D" 1 import "$T/log.csv" --wait --json)
  eq "$(num events <<< "$result")" 360 "events"
  eq "$(num cases <<< "$result")" 60 "cases"
  eq "$(num accepted <<< "$result")" 360 "accepted"
  eq "$(num rejected <<< "$result")" 0 "rejected"
  last=$(num last_height <<< "$result")
  within 5 all_equal "$D" "$n" "$last" || fail "$n nodes are not equal"
  before=$(place "$D" 1)
  "$R" --quiet cluster down --dir "$D"
  up "$D" "$n"
  within 5 all_equal "$D" "$n" "$last" || fail "$n nodes are not equal after a restart"
  after=$(place "$D" 1)
  [ "${after%% *}" -ge "${before%% *}" ] || fail "$n nodes lost blocks: $before, then $after"
  on "$D" 1 submit --case later --step "Confirmation of receipt" --wait > "$T/submit.txt" || fail "no submit after restart"
  "$R" --quiet cluster down --dir "$D"
  say "$n nodes: ok, height ${after%% *}"
done
