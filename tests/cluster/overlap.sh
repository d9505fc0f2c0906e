#!/usr/bin/env bash
# Two agencies with the same file numbers on one ledger: each number is another case for each of them. What every rule says
# about the cases of one agency is what it says about that agency's log alone.
. "$(dirname "$0")/lib.sh"
check() { python3 "$(dirname "$0")/overlap_check.py" "$@"; }
# judged LOG OUT: what the rules say about a log alone, without any node
judged() { "$R" process shadow "$processes/receipt.yaml" --against "$processes/receipt.yaml" --log "$1" --json > "$T/shadow" || fail "shadow"; tail -n 1 "$T/shadow" > "$2"; }

# round LOG [EXPECTED]: BAMF records the log, LDS-SN the same with the file numbers moved on from case to case.
round() {
  local dir=$T/${1##*/}.net i
  check rotate "$1" "$T/second.csv"
  up "$dir" 3 --process "$processes/receipt.yaml"
  "$R" --quiet --profile "$dir/node1/profile.yaml" import "$1" --wait --json > "$T/i1" 2> "$T/i1.err" &
  jobs_started+=($!)
  on "$dir" 2 import "$T/second.csv" --wait --json > "$T/i2" || fail "the second import"
  wait "${jobs_started[-1]}" || fail "the first import: $(cat "$T/i1.err")"
  eq "$(num accepted < "$T/i1") $(num cases < "$T/i1")" "$(num accepted < "$T/i2") $(num cases < "$T/i2")" "what the two recorded"
  for i in 1 2; do within 30 rules_passed "$dir" 3 "$(num last_height < "$T/i$i")" || fail "the rules lag behind"; done
  for i in 1 2 3; do on "$dir" $i conformance --as-of end --json > "$T/c$i" || fail "conformance"; done
  # The third agency has no number for any of them, and still sees who recorded what.
  on "$dir" 3 export --format csv --out "$T/export.csv" > "$T/out" || fail "export"
  for i in 1 2; do
    check part "$T/export.csv" "$([ $i = 1 ] && echo BAMF || echo LDS-SN)" "$T/part$i.csv"
    judged "$T/part$i.csv" "$T/got$i"
  done
  judged "$1" "$T/want1"
  judged "$T/second.csv" "$T/want2"
  rm "$T/export.csv"
  check compare "$1" "$T" "${@:2}" || fail "the counts of the agencies"
}

synthetic "$T/synthetic.csv" 200
round "$T/synthetic.csv"
# Every tenth case begins wrong: those with the numbers 5, 15, ... of the one agency, 6, 16, ... of the other.
wrong_of() { python3 -c 'import json, sys
for r in json.load(open(sys.argv[1]))["rules"]:
    if r["id"] == "R01": print(len(r["violating_cases"]), *sorted({c[-1] for c in r["violating_cases"]}), r["violated"])' "$1"; }
eq "$(wrong_of "$T/c1")" "20 5 40" "cases of the BAMF that begin wrong, and all"
eq "$(wrong_of "$T/c2")" "20 6 40" "cases of the LDS that begin wrong, and all"
D=$T/synthetic.csv.net
on "$D" 1 case synth-1-00005 --json > "$T/case1" || fail "case"
on "$D" 2 case synth-1-00005 --json > "$T/case2" || fail "case"
[ "$(txt pseudonym < "$T/case1")" != "$(txt pseudonym < "$T/case2")" ] || fail "one number, one case"
"$R" --quiet cluster down --dir "$D"
if [ ! -f "$data/receipt.csv.gz" ]; then
  say "SKIPPED: ../shared/data is absent, so no real log was recorded by two agencies"
  exit 0
fi
gzip -dc "$data/receipt.csv.gz" > "$T/receipt.csv"
round "$T/receipt.csv" "$data/receipt.expected.json.gz"
say "ok: the synthetic log and $(num events < "$T/c1") events of the receipt log"
