#!/usr/bin/env bash
# Corrections and cancellations on four real nodes: alerts are withdrawn and raised, with the same ids everywhere, each once,
# also on a node that was down and after a rules host was killed; the history shows both; conformance, export and a second
# hand-in see what counts; who may not is told why.
. "$(dirname "$0")/lib.sh"
D=$T/net
cat > "$T/p.yaml" << 'END'
process: correct
version: 1
steps: [begin, answer, work, {id: decide, by: [BAMF]}]
fields: {day: date}
rules:
  - {id: L, template: response_within, activities: [begin, answer], within: PT2S, severity: critical}
  - {id: P, template: precedence, activities: [answer, work], severity: critical}
  - {id: A, template: absence, activities: [work], n: 2}
END
up "$D" 4 --process "$T/p.yaml"
enter() { local i=$1 c=$2 s=$3; shift 3; on "$D" "$i" submit --case "$c" --step "$s" --wait "$@" > "$T/out.txt" || fail "submit $c $s"; }
# entry I CASE N: the place of the case's event N (from 0), as node I shows it.
entry() { on "$D" "$1" case "$2" --json | grep -o '"entry":"[0-9/]*","fields"' | sed -n "$(($3 + 1))p" | cut -d '"' -f 4; }
shows() { [ -n "$(entry "$@")" ]; }
# states RULE: how often its alerts stand in which state at node 1, and at the others the same.
told() { on "$D" "$1" alerts --json | grep "\"rule\":\"$2\"" | grep -o '"state":"[a-z]*"' | cut -d '"' -f 4 | sort | uniq -c | tr -s ' \n' ' ,' || true; }
says() { [ "$(told 1 "$1")" = "$2" ]; }
refused() { # CODE TEXT COMMAND...: what may not be
  local want=$1 text=$2 code=0
  shift 2
  "$@" > "$T/out.txt" 2> "$T/err.txt" || code=$?
  eq $code "$want" "exit code of $*: $(cat "$T/err.txt")"
  grep -q "$text" "$T/err.txt" || fail "$* said: $(cat "$T/err.txt")"
}

enter 1 late begin
enter 1 wrong work       # P
enter 2 twice work       # P
enter 2 twice work       # P, A
enter 3 other answer
within 10 says P " 3 raised," || fail "before: $(told 1 P)"
within 10 says A " 1 raised," || fail "before: $(told 1 A)"
sleep 2.2
enter 3 other answer     # a block, so that time goes on
within 10 says L " 1 raised," || fail "the deadline: $(told 1 L)"

"$R" --quiet cluster kill 4 --dir "$D"
within 10 shows 1 wrong 0 || fail "the case does not show"
first=$(entry 1 wrong 0)
on "$D" 1 correct --case wrong --entry "$first" --step answer --reason wrong_step --wait --json > "$T/correct.json" || fail "correct"
grep -q '"height":[0-9]' "$T/correct.json" || fail "correct printed: $(cat "$T/correct.json")"
within 10 says P " 3 raised, 1 withdrawn," || fail "after the correction: $(told 1 P)"
kill_host() { local p; p=$(pgrep -P "$(cat "$D/node3/pid")" -f reigen-rules | head -n 1); [ -z "$p" ] || kill -KILL "$p"; }
kill_host
on "$D" 2 cancel --case twice --entry "$(entry 2 twice 0)" --reason wrong_case --wait > "$T/out.txt" || fail "cancel"
within 10 says P " 3 raised, 2 withdrawn," || fail "after the cancellation: $(told 1 P)"
within 10 says A " 1 raised, 1 withdrawn," || fail "after the cancellation: $(told 1 A)"
on "$D" 1 cancel --case late --entry "$(entry 1 late 0)" --wait > "$T/out.txt" || fail "cancel late"
within 10 says L " 1 raised, 1 withdrawn," || fail "after the start was cancelled: $(told 1 L)"
"$R" --quiet cluster start 4 --dir "$D"

# The history shows both, and how they are tied.
on "$D" 1 case wrong --json > "$T/case.json"
second=$(entry 1 wrong 1)
grep -q "\"step\":\"work\".*\"entry\":\"$first\".*\"corrected_by\":\"$second\"" "$T/case.json" || fail "case: $(cat "$T/case.json")"
grep -q "\"corrects\":\"$first\",\"reason\":\"wrong_step\"" "$T/case.json" || fail "case: $(cat "$T/case.json")"
grep -q '"alerts":\[\]' "$T/case.json" || fail "alerts are open: $(cat "$T/case.json")"
on "$D" 1 case late > "$T/case.txt"
grep -q 'CANCELLED by' "$T/case.txt" || fail "case: $(cat "$T/case.txt")"

# The correction was wrong in its turn: what was withdrawn is raised once more.
on "$D" 1 cancel --case wrong --entry "$second" --wait > "$T/out.txt" || fail "cancel the correction"
enter 1 wrong work
within 10 says P " 4 raised, 2 withdrawn," || fail "after a step of its own: $(told 1 P)"

# Who may not, and what is not.
refused 65 'not among the' on "$D" 1 cancel --case wrong --entry 999/0/0
refused 64 'HEIGHT/SUBMISSION/ENTRY' on "$D" 1 cancel --case wrong --entry 7
refused 65 'cancelled before' on "$D" 1 cancel --case wrong --entry "$second"
refused 65 'corrected before' on "$D" 1 correct --case wrong --entry "$first" --step work
refused 65 'is no step' on "$D" 1 cancel --case wrong --entry "$(entry 1 wrong 2)"
refused 1 'No case of that name' on "$D" 3 cancel --case wrong --entry "$first"
refused 64 'give what is right' on "$D" 1 correct --case wrong --entry "$(entry 1 wrong 3)"
refused 65 'no such step' on "$D" 1 correct --case wrong --entry "$(entry 1 wrong 3)" --step nothing
refused 77 'may not record' on "$D" 2 correct --case twice --entry "$(entry 2 twice 1)" --step decide
pseudonym=$(on "$D" 1 case wrong --json | txt pseudonym)
on "$D" 3 submit --case mine --link "$pseudonym" --step begin --wait > "$T/out.txt" || fail "link"
within 10 shows 3 mine 4 || fail "the linked case does not show"
refused 65 'another agency' on "$D" 3 cancel --case mine --entry "$(entry 3 mine 3)"

# Everywhere the same.
within 30 all_equal "$D" 4 || fail "the nodes differ"
within 30 rules_passed "$D" 4 "$(place "$D" 1 | cut -d ' ' -f 1)" || fail "the rules lag behind"
of_cases() { on "$D" "$1" alerts --json | grep -v '"severity":"system"' | grep -o '"id":"[0-9a-f]*"' | sort; }
same() { local i; of_cases 1 > "$T/a1"; for i in 2 3 4; do of_cases $i > "$T/a$i"; cmp -s "$T/a1" "$T/a$i" || return 1; done; }
within 20 same || fail "alerts differ: $(wc -l "$T"/a?)"
eq "$(sort "$T/a1" | uniq -d | wc -l)" 0 "alerts told twice"

# What counts is what conformance, export and a new version see: of 7 own steps of the cases late, wrong, twice, other and
# mine, these are left: twice 1 work, wrong 1 work and mine's begin, other 2 answers.
for i in 1 4; do
  on "$D" "$i" conformance --json > "$T/conform$i.json"
  eq "$(num events < "$T/conform$i.json")" 5 "events that count, node $i"
done
on "$D" 1 --quiet export --format csv --out "$T/out.csv" || fail "export"
eq "$(tail -n +2 "$T/out.csv" | wc -l)" 5 "exported events"
on "$D" 1 --quiet process shadow "$T/p.yaml" --json > "$T/shadow.jsonl" || fail "shadow"
eq "$(tail -n 1 "$T/shadow.jsonl" | num events)" 5 "events of a shadow run"
eq "$(tail -n 1 "$T/shadow.jsonl" | num cases_differ)" 0 "the same version judges the same"
for i in 1 2 3 4; do
  "$R" --quiet cluster kill $i --dir "$D"
  "$R" verify --data "$D/node$i/data" > "$T/verify.txt" 2>&1 || fail "verify node $i: $(cat "$T/verify.txt")"
done
say "ok: $(wc -l < "$T/a1") alerts, the same on four nodes"
