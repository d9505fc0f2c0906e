#!/usr/bin/env bash
# Soft and hard limits, healing, conditions and exclusion on four real nodes: the same alerts everywhere, each once, also
# after a rules host was killed; what is healed is open no more. And the linter.
. "$(dirname "$0")/lib.sh"
D=$T/net
cat > "$T/p.yaml" << 'END'
process: rules
version: 1
steps: [begin, answer, no_show, sent_away, work]
fields: {reason: [absent, excused], place: [north, south]}
site: place
profiles:
  north: {rules: {C: {n: 3, hard: 4, severity: warning, message: {en: Three times in the north}}}}
rules:
  - {id: L, template: response_within, activities: [begin, answer], within: PT2S, hard: PT5S, heal: true}
  - {id: C, template: counter, activities: [{step: no_show, where: {reason: absent}}], n: 1, hard: 2}
  - {id: X, template: exclude, activities: [sent_away, work]}
  - {id: R, template: response, activities: [begin, work]}
  - {id: W, template: backlog, activities: [begin, answer], n: 1, severity: critical}
END
"$R" process check "$T/p.yaml" > "$T/out" || fail "the definition is valid"
{ cat "$T/p.yaml"; echo '  - {id: Y, template: not_succession, activities: [begin, work]}'; } > "$T/bad.yaml"
code=0; "$R" process check "$T/bad.yaml" 2> "$T/err" || code=$?
eq $code 65 "a contradiction"
grep -q 'bad.yaml:14:51: the rule .Y. contradicts the rule .R. (line 12)' "$T/err" || fail "the linter said: $(cat "$T/err")"

up "$D" 4 --process "$T/p.yaml"
enter() { local i=$1 c=$2 s=$3; shift 3; on "$D" "$i" submit --case "$c" --step "$s" --wait "$@" > "$T/out.txt" || fail "submit $c $s"; }
# alert lines of case or rule: state severity rule
told() { on "$D" 1 alerts --json | grep "\"rule\":\"$1" | sed -E 's/.*"rule":"([^"]*)","severity":"([^"]*)","state":"([^"]*)".*/\1 \2 \3/' | sort | tr '\n' ',' || true; }
says() { [ "$(told "$1")" = "$2" ]; }
enter 1 late begin
eq "$(told W)" "" "one case waits"
enter 1 away begin
within 10 says W "W critical raised," || fail "two cases wait: $(told W)"
enter 1 away sent_away
sleep 2.2
enter 2 other work # a block, so that time goes on
within 10 says L "L warning raised,L warning raised," || fail "after the soft limit: $(told L)"
kill_host() { local p; p=$(pgrep -P "$(cat "$D/node3/pid")" -f reigen-rules | head -n 1); [ -z "$p" ] || kill -KILL "$p"; }
kill_host
sleep 3
enter 2 other work
within 10 says L "L warning raised,L warning raised,L.hard critical raised,L.hard critical raised," ||
  fail "after the hard limit: $(told L)"
on "$D" 1 case late > "$T/case" || fail "case"
sed -n '/^open alerts/,$p' "$T/case" | grep -q 'L.hard' || fail "the open alerts of the case: $(cat "$T/case")"
enter 1 late answer
within 10 says L "L warning healed,L warning raised,L warning raised,L.hard critical healed,L.hard critical raised,L.hard critical raised," ||
  fail "after the answer: $(told L)"
within 10 says W "W critical healed,W critical raised," || fail "one case waits again: $(told W)"
eq "$(on "$D" 3 alerts | grep -c 'critical W.*Cases that wait: [12]; planned for: up to 1')" 2 "what waits at another node"
on "$D" 1 case late > "$T/case" || fail "case"
sed -n '/^open alerts/,$p' "$T/case" | grep -q 'L.hard' && fail "what is healed is still open: $(cat "$T/case")"
grep -q 'L.hard .*violated.* by event 0, begin' "$T/case" || fail "that it was too late is not forgotten: $(cat "$T/case")"
enter 1 late no_show --field reason=excused
enter 1 late no_show --field reason=absent
enter 1 late no_show --field reason=absent
enter 1 away work
within 10 says C "C warning raised,C warning raised,C.hard critical raised," || fail "no-shows: $(told C)"
within 10 says X "X warning raised," || fail "exclusion: $(told X)"
# The first entry says the site, which has a limit of its own.
enter 1 up no_show --field reason=absent --field place=north
enter 1 up no_show --field reason=absent
enter 1 down no_show --field reason=absent --field place=south
enter 1 up no_show --field reason=absent --field place=south
within 10 says C.north "C.north warning raised," || fail "no-shows in the north: $(told C.north)"
within 10 says C "C warning raised,C warning raised,C warning raised,C.hard critical raised,C.north warning raised," || fail "no-shows: $(told C)"
on "$D" 1 case up > "$T/case" || fail "case up"
grep -q 'C.north .*Three times in the north' "$T/case" || fail "the case does not tell the text: $(cat "$T/case")"
eq "$(told R)" "" "alerts of a rule that may still be kept"
within 20 all_equal "$D" 4 || fail "the nodes differ"
within 20 rules_passed "$D" 4 "$(place "$D" 1 | cut -d ' ' -f 1)" || fail "the rules lag behind"
of_cases() { on "$D" "$1" alerts --json | grep '"subject":' | grep -v '"severity":"system"' | grep -o '"id":"[0-9a-f]*"' | sort; }
of_cases 1 > "$T/a1"
for i in 2 3 4; do of_cases $i > "$T/a$i"; cmp "$T/a1" "$T/a$i" || fail "alerts of node $i differ"; done
eq "$(sort "$T/a1" | uniq -d | wc -l)" 0 "alerts told twice"
say "ok: $(wc -l < "$T/a1") alerts, the same on four nodes"
