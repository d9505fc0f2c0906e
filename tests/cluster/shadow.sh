#!/usr/bin/env bash
# A process definition in shadow: what is told against the one in force is what was worked out from the rows of the log, and
# what two conformance runs of the node differ in; through the node and from the file it is the same; rules added and removed.
# With --follow, what is told adds up to that, through an import, a restart and a cancellation; time alone is news with the ledger's clock.
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

# follow DIR I FILE OUT: a follower in the background, ready when this returns; $follower is its pid.
follow() {
  "$R" --profile "$1/node$2/profile.yaml" process shadow "$3" --follow --json > "$4" 2> "$4.notes" &
  follower=$!
  jobs_started+=("$follower")
  within 10 grep -q following "$4.notes" || fail "it does not follow: $(cat "$4.notes")"
}
# ends CODE: the follower does, with this code.
ends() {
  local code=0
  wait "$follower" || code=$?
  eq $code "$1" "the end of a follower"
}
# adds_up DIR I FILE OUT: what was told comes to what a run from scratch has.
adds_up() {
  on "$1" "$2" --quiet process shadow "$3" --json > "$4.fresh" || return 1
  python3 "$root/tests/cluster/shadow_check.py" follow "$4" "$4.fresh" > "$4.check"
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
cp "$T/due.yaml" "$T/followed.yaml"
follow "$A" 2 "$T/followed.yaml" "$T/follow.jsonl"
on "$A" 1 import "$T/log.csv" --wait > "$T/out.txt"
told "$A" "$T/log.csv" 4 1180

# Another agency has no file numbers: the same differences under pseudonyms.
within 10 holds "$A" 2 1180 || fail "not judged at node 2"
on "$A" 2 --quiet process shadow "$T/due.yaml" --json > "$T/other.jsonl"
! grep -q synth "$T/other.jsonl" || fail "a file number at another agency"
eq "$(num differences < "$T/other.jsonl")" "$(num differences < "$T/due.jsonl")" "differences at another agency"
within 10 adds_up "$A" 2 "$T/followed.yaml" "$T/follow.jsonl" || fail "$(cat "$T/follow.jsonl.check")"

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
eq "$(code_of shadow "$old" --against "$old" --log "$T/log.csv" --follow)" 64 "a log that is followed"
eq "$(code_of "$R" --profile "$T/none" process shadow "$old" --log "$T/log.csv")" 78 "the version in force without a profile"
say "through the node and from a file: the same, $(num differences < "$T/all.jsonl") differences of rules changed, added and removed"

# The follower's node dies and comes back; then a receipt is cancelled, and with it what a case differed in.
"$R" --quiet cluster kill 2 --dir "$A"
within 15 grep -q 'waiting for the node' "$T/follow.jsonl.notes" || fail "nothing is said of a node that is gone"
"$R" --quiet cluster start 2 --dir "$A"
within 15 grep -q 'is back' "$T/follow.jsonl.notes" || fail "nothing is said of a node that is back"
lines=$(wc -l < "$T/follow.jsonl")
entry=$(on "$A" 1 case synth-1-00001 --json | grep -o '"entry":"[0-9/]*"' | head -n 1 | cut -d '"' -f 4)
on "$A" 1 cancel --case synth-1-00001 --entry "$entry" --wait > "$T/out.txt"
more_lines() { [ "$(wc -l < "$T/follow.jsonl")" -gt "$lines" ]; }
within 10 more_lines || fail "a cancellation is not told"
tail -n +$((lines + 1)) "$T/follow.jsonl" | grep -q '"rule":"R11",.*"before":"vacuous","after":"vacuous"' || fail "told: $(tail -n 2 "$T/follow.jsonl")"
within 10 adds_up "$A" 2 "$T/followed.yaml" "$T/follow.jsonl" || fail "$(cat "$T/follow.jsonl.check")"
kill -INT "$follower"
ends 0
say "followed: $(cat "$T/follow.jsonl.check")"

# With the ledger's clock a deadline passes without an entry. Another version ends it.
L=$T/l
printf 'process: p\nversion: 1\nsteps: [a, b]\nrules:\n  - {id: due, template: response_within, activities: [a, b], within: PT1H}\n' > "$T/l1.yaml"
sed -e 's/version: 1/version: 2/' -e 's/PT1H/PT2S/' "$T/l1.yaml" > "$T/l2.yaml"
up "$L" 2 --process "$T/l1.yaml" --tick 500
on "$L" 1 submit --case one --step a --wait > "$T/out.txt"
on "$L" 1 submit --case two --step a --wait > "$T/out.txt"
on "$L" 1 submit --case two --step b --wait > "$T/out.txt"
follow "$L" 1 "$T/l2.yaml" "$T/ledger.jsonl"
within 10 grep -q '"case":"one"' "$T/ledger.jsonl" || fail "a deadline that passes is not told: $(cat "$T/ledger.jsonl")"
on "$L" 1 submit --case one --step b --wait > "$T/out.txt"
told_twice() { [ "$(grep -c '"case":"one"' "$T/ledger.jsonl")" = 2 ]; }
within 10 told_twice || fail "told: $(cat "$T/ledger.jsonl")"
eq "$(grep '"case":"one"' "$T/ledger.jsonl" | sed 's/,"as_of".*//' | tr '\n' ' ')" \
  '{"rule":"due","case":"one","before":"pending","after":"violated","events_before":[],"events_after":[0] {"rule":"due","case":"one","before":"satisfied","after":"violated","events_before":[],"events_after":[0] ' \
  "a deadline that passed, then an answer too late"
! grep -q '"case":"two"' "$T/ledger.jsonl" || fail "a case that was answered in time is told"
motion=$(on "$L" 1 process publish "$T/l2.yaml" --key "$L/node1/admin.key" --wait --json | txt motion)
sees_motion() { on "$L" 2 motions --json | grep -q "\"id\":\"$motion\""; }
within 10 sees_motion || fail "node 2 does not hear of the motion"
on "$L" 2 vote "$motion" yes --key "$L/node2/admin.key" --wait > "$T/out.txt"
ends 0
grep -q 'version 2 .* is in force now' "$T/ledger.jsonl.notes" || fail "it ends with: $(cat "$T/ledger.jsonl.notes")"
"$R" --quiet cluster down --dir "$L"
say "a deadline is told when it passes, and another version ends it"

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
