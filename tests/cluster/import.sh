#!/usr/bin/env bash
# An import on four nodes: conformance as expected on every node, the same alerts on all, a watch that prints each
# once, and a second import that adds nothing.
. "$(dirname "$0")/lib.sh"
D=$T/net
up "$D" 4 --process "$processes/receipt.yaml"

round() { # FILE EVENTS CASES
  start_watch "$D" 2 "$T/watch.txt"
  local result last
  result=$(on "$D" 1 import "$1" --wait --json)
  eq "$(num events <<< "$result") $(num cases <<< "$result") $(num accepted <<< "$result")" "$2 $3 $2" "import"
  last=$(num last_height <<< "$result")
  within 5 all_equal "$D" 4 "$last" || fail "nodes are not equal 5 s after the import"
  within 10 rules_passed "$D" 4 "$last" || fail "rules did not pass height $last"
  sleep 1.5
  for i in 1 2 3 4; do alert_ids "$D" $i > "$T/alerts$i"; done
  [ -s "$T/alerts1" ] || fail "no alerts"
  for i in 2 3 4; do cmp "$T/alerts1" "$T/alerts$i" || fail "alerts of node $i differ"; done
  line_ids "$T/watch.txt" > "$T/watched"
  uniq -d "$T/watched" | grep . && fail "watch repeated an alert"
  kill "${jobs_started[-1]}"
}

synthetic "$T/log.csv" 200
round "$T/log.csv" 1200 200
cmp "$T/alerts1" "$T/watched" || fail "watch printed other alerts than the log holds"
on "$D" 1 conformance --json > "$T/c.json"
for i in 2 3 4; do
  on "$D" $i conformance --json | grep -o '"\(activations\|satisfied\|violated\|pending\|vacuous\)":[0-9]*' > "$T/c$i"
  grep -o '"\(activations\|satisfied\|violated\|pending\|vacuous\)":[0-9]*' "$T/c.json" | cmp - "$T/c$i" || fail "counts of node $i differ"
done
rule() { grep -o "\"id\":\"$1\"[^]]*\"violated\":[0-9]*" "$T/c.json" | grep -o '[0-9]*$'; }
eq "$(rule R01)" 20 "cases that begin wrong"
eq "$(rule R17)" 40 "cases with T02 twice"
before=$(place "$D" 3)
result=$(on "$D" 1 import "$T/log.csv" --wait --json)
eq "$(num accepted <<< "$result") $(num duplicates <<< "$result")" "0 1200" "a second import"
eq "$(place "$D" 3)" "$before" "the ledger after a second import"
say "synthetic log: ok, $(wc -l < "$T/alerts1") alerts"

if [ ! -f "$data/receipt.csv.gz" ]; then
  say "SKIPPED: ../shared/data is absent, so the real receipt log was not imported"
  exit 0
fi
"$R" --quiet cluster down --dir "$D"
D=$T/real
up "$D" 4 --process "$processes/receipt.yaml"
round "$data/receipt.csv.gz" 8577 1434
cmp "$T/alerts1" "$T/watched" || fail "watch printed other alerts than the log holds"
on "$D" 1 conformance --rules "$processes/receipt.yaml" --as-of end --json > "$T/c.json"
python3 "$(dirname "$0")/compare_expected.py" "$T/c.json" "$data/receipt.expected.json.gz" --cases
on "$D" 3 conformance --as-of end --json > "$T/c.json"
python3 "$(dirname "$0")/compare_expected.py" "$T/c.json" "$data/receipt.expected.json.gz"
say "real log: ok, $(wc -l < "$T/alerts1") alerts"

"$R" --quiet cluster down --dir "$D"
D=$T/renamed
python3 "$(dirname "$0")/shuffle_rename.py" "$data/receipt.csv.gz" "$processes/receipt.yaml" "$T/renamed.csv" "$T/renamed.yaml"
up "$D" 4 --process "$T/renamed.yaml"
result=$(on "$D" 2 import "$T/renamed.csv" --wait --json)
eq "$(num events <<< "$result") $(num accepted <<< "$result")" "8577 8577" "the renamed log"
rm "$T/renamed.csv"
within 10 rules_passed "$D" 4 "$(num last_height <<< "$result")" || fail "rules did not pass the renamed log"
for i in 1 2; do
  on "$D" $i conformance --json > "$T/c.json"
  python3 "$(dirname "$0")/compare_expected.py" "$T/c.json" "$data/receipt.expected.json.gz" --renamed $([ $i = 2 ] && echo --cases)
done
say "the same log with its cases shuffled and its activities renamed: ok"
