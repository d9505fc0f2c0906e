#!/usr/bin/env bash
# A process definition in shadow: what is told against the one in force is what was worked out from the rows of the log, and
# what two conformance runs of the node differ in; through the node and from the file it is the same; rules added and removed.
. "$(dirname "$0")/lib.sh"
check() { python3 "$root/tests/cluster/shadow_check.py" "$@" || fail "shadow_check $*"; }
code_of() { local c=0; "$@" > "$T/out.txt" 2> "$T/err.txt" || c=$?; echo $c; }
shadow() { "$R" --quiet process shadow "$@"; }
old=$processes/receipt.yaml
rcv="Confirmation of receipt"
t02="T02 Check confirmation of receipt"
t05="T05 Print and send confirmation of receipt"

# deadline FILE DAYS: R11 (from the receipt to T05, 7 days) with another limit.
deadline() { sed "s/within: P7D/within: P$2D/" "$old" > "$1"; cmp -s "$1" "$old" && fail "no deadline was changed" || true; }
# The same as a pair with a rule less, and one more.
without() { awk '/^  - id: /{ skip = ($3 == "R17") } !skip' "$old" > "$1"; }
more() {
  cat "$old" - > "$1" << END
  - id: N1
    template: chain_response
    activities: [$rcv, $t02]
  - id: N2
    template: response_within
    activities: [$rcv, $t02]
    within: PT30H
    hard: P3D
END
}

# holds DIR I EVENTS: node I has judged so many.
holds() { [ "$(on "$1" "$2" conformance --json | num events)" = "$3" ]; }
# judged LOG DAYS: all of it from a file, with no node at all.
judged() {
  deadline "$T/due.yaml" "$2"
  shadow "$T/due.yaml" --against "$old" --log "$1" --json > "$T/due.jsonl"
  check within "$T/due.jsonl" "$1" R11 "$rcv" "$t05" 7 "$2"
  shadow "$old" --against "$T/due.yaml" --log "$1" --json > "$T/back.jsonl"
  check within "$T/back.jsonl" "$1" R11 "$rcv" "$t05" "$2" 7
  shadow "$T/due.yaml" --against "$old" --log "$1" --json | cmp - "$T/due.jsonl" || fail "a second run tells otherwise"
}
# told DIR LOG DAYS EVENTS: through node 1, against conformance of both versions, and the same as from the file.
told() {
  local name
  deadline "$T/due.yaml" "$3"
  without "$T/without.yaml"
  more "$T/more.yaml"
  { sed "s/within: P7D/within: P$3D/" "$T/without.yaml"; sed '1,/- id: N1/{/- id: N1/!d}' "$T/more.yaml"; } > "$T/all.yaml"
  within 10 holds "$1" 1 "$4" || fail "not all events are judged"
  on "$1" 1 conformance --json > "$T/old.json"
  for name in due without more all; do
    on "$1" 1 conformance --rules "$T/$name.yaml" --json > "$T/new.json"
    on "$1" 1 --quiet process shadow "$T/$name.yaml" --json > "$T/$name.jsonl"
    check conformance "$T/$name.jsonl" "$T/old.json" "$T/new.json"
    shadow "$T/$name.yaml" --against "$old" --log "$2" --agency A1 --json | cmp - "$T/$name.jsonl" || fail "$name: from the file it is told otherwise"
  done
  eq "$(grep -o '"added":\[[^]]*\],"removed":\[[^]]*\]' "$T/all.jsonl")" \
    '"added":["N1","N2","N2.hard"],"removed":["R17"]' "rules added and removed"
  check within "$T/due.jsonl" "$2" R11 "$rcv" "$t05" 7 "$3"
  # Block times, which the file does not have.
  { sed 's/clock: event/clock: ledger/' "$T/due.yaml"; printf '  - {id: L1, template: lateness, activities: any, within: P3650D}\n'; } > "$T/ledger.yaml"
  on "$1" 1 conformance --rules "$T/ledger.yaml" --json > "$T/new.json"
  on "$1" 1 --quiet process shadow "$T/ledger.yaml" --json > "$T/ledger.jsonl"
  check conformance "$T/ledger.jsonl" "$T/old.json" "$T/new.json"
}

# Of each ten cases T05 comes after three days in five, after five days in four, in one not at all.
synthetic "$T/plain.csv" 200
awk -F , 'NR > 1 && $2 == 3 { c = substr($1, length($1)); if (c == 8) next; if (c % 2) sub("2011-10-04", "2011-10-06") } 1' \
  "$T/plain.csv" > "$T/log.csv"
judged "$T/log.csv" 4
A=$T/a
up "$A" 2 --process "$old"
on "$A" 1 import "$T/log.csv" --wait > "$T/out.txt"
told "$A" "$T/log.csv" 4 1180

# Another agency has no file numbers: the same differences under pseudonyms.
within 10 holds "$A" 2 1180 || fail "not judged at node 2"
on "$A" 2 --quiet process shadow "$T/due.yaml" --json > "$T/other.jsonl"
! grep -q synth "$T/other.jsonl" || fail "a file number at another agency"
eq "$(num differences < "$T/other.jsonl")" "$(num differences < "$T/due.jsonl")" "differences at another agency"

# For people.
on "$A" 1 process shadow "$T/all.yaml" > "$T/text.txt"
grep -q '^R11  *synth-1-00001  *satisfied -> violated  *- -> 0$' "$T/text.txt" || fail "no line of a case: $(head -n 5 "$T/text.txt")"
grep -q '^R17 .* removed$' "$T/text.txt" || fail "no word about the rule removed"
grep -q '^N2.hard .* added$' "$T/text.txt" || fail "no word about the rule added"
on "$A" 1 process shadow "$old" > "$T/text.txt"
grep -q ': 0 of 200 cases differ (1180 events' "$T/text.txt" || fail "the version in force differs from itself: $(tail -n 1 "$T/text.txt")"

sed 's/template: init/template: inti/' "$old" > "$T/bad.yaml"
line=$(grep -n 'template: inti' "$T/bad.yaml" | cut -d : -f 1)
eq "$(code_of shadow "$T/bad.yaml" --against "$old" --log "$T/log.csv")" 65 "a bad definition"
grep -q "^$T/bad.yaml:$line:15: unknown template" "$T/err.txt" || fail "it says: $(cat "$T/err.txt")"
eq "$(code_of on "$A" 1 process shadow "$T/bad.yaml")" 65 "a bad definition, with a node"
eq "$(code_of shadow "$old" --against "$T/bad.yaml" --log "$T/log.csv")" 65 "a bad definition to compare with"
eq "$(code_of shadow "$T/none.yaml")" 65 "no file"
eq "$(code_of shadow "$old" --against "$old" --log "$T/none.csv")" 65 "no log"
eq "$(code_of shadow "$old" --agency A1)" 64 "an agency without a log"
eq "$(code_of "$R" --profile "$T/none" process shadow "$old" --log "$T/log.csv")" 78 "the version in force without a profile"
say "through the node and from a file: the same, $(num differences < "$T/all.jsonl") differences of rules changed, added and removed"

if [ ! -f "$data/receipt.csv.gz" ]; then
  say "SKIPPED: ../shared/data is absent, so the real receipt log was not judged"
  exit 0
fi
"$R" --quiet cluster down --dir "$A"
for days in 5 6 8 14; do judged "$data/receipt.csv.gz" $days; done
shadow "$T/due.yaml" --against "$old" --log "$data/receipt.xes.gz" --json | cmp - "$T/due.jsonl" || fail "XES is judged otherwise"
up "$T/real" 1 --process "$old"
on "$T/real" 1 import "$data/receipt.csv.gz" --wait > "$T/out.txt"
told "$T/real" "$data/receipt.csv.gz" 5 8577
say ok
