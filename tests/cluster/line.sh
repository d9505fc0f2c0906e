#!/usr/bin/env bash
# Four nodes in a line 1-2-3-4, where 1 and 4 hear each other only through the others, make blocks final.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml" --topology line
synthetic "$T/log.csv" 50
result=$(on "$D" 1 import "$T/log.csv" --wait --json)
eq "$(num accepted <<< "$result")" 300 "accepted"
on "$D" 4 submit --case other-end --step "Confirmation of receipt" --wait --json > "$T/submit.json" || fail "no submit at the other end"
last=$(num height < "$T/submit.json")
within 10 all_equal "$D" 4 "$last" || fail "nodes are not equal"
say "ok: height $last"
