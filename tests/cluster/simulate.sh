#!/usr/bin/env bash
# The simulated agencies on four real nodes: each deviation raises exactly the alerts that it must, on a ledger that judges
# by the times of the steps and on one that judges by its own; the same seed makes the same events.
. "$(dirname "$0")/lib.sh"
# The pilot's process, judged by simulated time; recorded late (R28) everything is, years after it happened.
sed -e 's/^clock: ledger/clock: event/' -e 's/^  - id: R28$/&\n    on: false/' "$processes/anker-dresden.yaml" > "$T/simulated.yaml"
expected() { grep -q '"as_expected": *true' "$1" || fail "other alerts than expected: $(cat "$1")"; }
play() { local dir=$1; shift; "$R" simulate --dir "$dir" --json "$@" > "$T/played" || fail "simulate $*: $?"; }
network() {
  up "$1" 4 --process "$T/simulated.yaml"
  play "$1" --cases 100 --deviations 80 --seed 7
  expected "$T/played"
  eq "$(num cases < "$T/played")" 100 "cases"
  # Every kind came.
  eq "$(grep -o '"kind"' "$T/played" | wc -l)" 39 "kinds of deviations"
  for i in 1 2; do on "$1" "$i" export --format csv --out "$1.csv$i" > "$T/out" || fail "export"; done
}
network "$T/a"
events=$(num events < "$T/played")
code=0; "$R" simulate --dir "$T/a" --seed 7 2> "$T/err" > "$T/out" || code=$?
eq $code 73 "the same seed again"
grep -q 'choose another --seed' "$T/err" || fail "it says: $(cat "$T/err")"
play "$T/a" --cases 10 --per-day 3 --speed 3000000 --seconds 20 --seed 8
expected "$T/played"
# The other two agencies are not among the readers.
for i in 1 2; do on "$T/a" $i alerts --json | grep -v '"severity":"system"' | grep -o '"id":"[0-9a-f]*"' | sort > "$T/ids$i"; done
cmp "$T/ids1" "$T/ids2" || fail "the alerts of the two agencies differ"
eq "$(on "$T/a" 3 alerts --json | grep -c -v '"severity":"system"' || true)" 0 "alerts at an agency that may read no case"
"$R" --quiet cluster down --dir "$T/a"
network "$T/b"
"$R" --quiet cluster down --dir "$T/b"
for i in 1 2; do cmp <(sort "$T/a.csv$i") <(sort "$T/b.csv$i") || fail "the same seed made other events for agency $i"; done

up "$T/c" 3
play "$T/c" --cases 80 --seed 9
expected "$T/played"
eq "$(grep -o '"rule":"R02","expected":[0-9]*' "$T/played")" '"rule":"R02","expected":0' "deadlines in the ledger's time"
[ "$(grep -o '"rule":"R28","expected":[0-9]*' "$T/played" | grep -o '[0-9]*$')" -gt 0 ] || fail "nothing was recorded late"
"$R" --quiet cluster down --dir "$T/c"

code=0; "$R" simulate 2> "$T/err" || code=$?
eq $code 64 "without a network"
up "$T/d" 2 --process "$processes/receipt.yaml"
code=0; "$R" simulate --dir "$T/d" 2> "$T/err" || code=$?
eq $code 65 "another process"
say "ok: $events events, every deviation seen, twice the same"
