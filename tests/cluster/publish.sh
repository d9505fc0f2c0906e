#!/usr/bin/env bash
# The agencies publish process definitions: what is faulty is refused, what is voted down changes nothing, and what is
# carried is in force at every node from one height on, also at one that was down then. All nodes have the same alerts.
. "$(dirname "$0")/lib.sh"
D=$T/net
v1=$T/v1.yaml
sed 's/^clock: event/&\nescalate_after: PT10S/' "$processes/receipt.yaml" > "$v1"
# The second version: R11 (printed within 7 days) has 2 days, R17 (T02 twice) is gone, one step is another.
sed -e 's/^version: 1/version: 2/' -e '/id: R11/,/severity/s/within: P7D/within: P2D/' -e 's/^  - id: R17/&\n    on: false/' \
  -e 's/^  - T20 .*/  - T21 Close the file/' "$v1" > "$T/v2.yaml"
sed -e 's/^version: 2/version: 3/' -e '/id: R11/,/severity/s/within: P2D/within: P9D/' "$T/v2.yaml" > "$T/v3.yaml"
old_step="T20 Print report Y to stop indication"
up "$D" 4 --process "$v1" --tick 1000
key() { echo "$D/node$1/admin.key"; }
publish() { local i=$1; shift; on "$D" "$i" process publish "$@" --key "$(key "$i")" --wait --json; }
vote() { on "$D" "$1" vote "$2" "$3" --key "$(key "$1")" --wait --json; }
code_of() { local c=0; "$@" > "$T/out.txt" 2> "$T/err.txt" || c=$?; echo $c; }
sees_motion() { on "$D" "$1" motions --json | grep -q "\"id\":\"$2\""; }
heard() { within 60 sees_motion "$1" "$2" || fail "node $1 does not hear of the motion"; }
version_of() { on "$D" "$1" status --json | grep -o '"process":"receipt","version":[0-9]*,"version_from":[0-9]*' | grep -o '[0-9]*' | tr '\n' ' '; }
in_force() { [ "$(version_of "$1")" = "$2 " ]; }
# level N [HEIGHT]: nodes 1 to N have judged all there is.
level() {
  within 60 all_equal "$D" "$1" || fail "nodes are not equal"
  local height
  height=$(place "$D" 1)
  within 90 rules_passed "$D" "$1" "${height%% *}" || fail "rules did not pass height ${height%% *}"
}
# What a node has told of cases: id and time of each alert. What is escalated, which time alone does, is looked at in the end.
told() {
  { on "$D" "$1" alerts --severity warning --json; on "$D" "$1" alerts --severity critical --json; } | grep -v '"state":"escalated"' |
    sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1 &/p' | sed -E 's/^([0-9a-f]*) .*"time":"([^"]*)".*/\1 \2/' | sort
}
count_of() { { on "$D" "$1" alerts --json || true; } | grep "\"rule\":\"$2\"" | grep -c "\"state\":\"$3\"" || true; }
same_alerts() {
  told 1 > "$T/told1"
  [ -s "$T/told1" ] || fail "no alerts at all"
  local i
  for i in $(seq 2 "$1"); do
    told "$i" > "$T/told$i"
    cmp -s "$T/told1" "$T/told$i" || fail "node $i has other alerts than node 1 ($2): $(diff "$T/told1" "$T/told$i" | head -n 5)"
  done
}

synthetic "$T/one.csv" 20 1
synthetic "$T/two.csv" 20 2
on "$D" 1 import "$T/one.csv" --wait > "$T/import.txt"
on "$D" 2 submit --case old --step "Confirmation of receipt" --wait > "$T/submit.txt"
on "$D" 2 submit --case old --step "$old_step" --wait > "$T/submit.txt"
level 4
same_alerts 4 "at the start"
eq "$(count_of 1 R17 raised) $(count_of 1 R11 raised)" "4 0" "R17 and R11 by the first version"

# One alert is acknowledged, one is not: both critical, both hold by all versions.
alerts_in() { grep -o '"alert":"[0-9a-f]*"' | cut -d '"' -f 4; }
alert_of() { on "$D" "$1" alerts --json | grep '"rule":"R01"' | alerts_in | sort -u | sed -n "$2p"; }
states_of() { on "$D" "$1" alerts --json | grep "\"alert\":\"$2\"" | grep -o '"state":"[a-z]*"' | cut -d '"' -f 4 | tr '\n' ' ' || true; }
seen=$(alert_of 1 1) unseen=$(alert_of 1 2)
[ -n "$seen" ] && [ -n "$unseen" ] || fail "no alerts to acknowledge"
on "$D" 1 ack "$seen" --note seen --wait > "$T/ack.txt" || fail "ack"
level 4
same_alerts 4 "after an acknowledgement"
for i in 1 2 3 4; do states_of $i "$seen" | grep -q 'acknowledged $' || fail "node $i: $(states_of $i "$seen")"; done

# What is refused at once, with line and column where it is the file's fault.
sed 's/template: precedence/template: precedent/' "$T/v2.yaml" > "$T/bad.yaml"
eq "$(code_of publish 1 "$T/bad.yaml")" 65 "a definition with a fault"
grep -q "bad.yaml:[0-9]*:[0-9]*: unknown template" "$T/err.txt" || fail "no line and column: $(cat "$T/err.txt")"
sed -e 's/^  - id: R03/  - id: R21\n    template: absence\n    activities: [Confirmation of receipt]\n    severity: warning\n&/' \
  "$T/v2.yaml" > "$T/odd.yaml"
eq "$(code_of publish 1 "$T/odd.yaml")" 65 "rules that contradict each other"
grep -q "odd.yaml:[0-9]*:[0-9]*: " "$T/err.txt" || fail "no line and column: $(cat "$T/err.txt")"
eq "$(code_of publish 1 "$v1")" 65 "the version that is in force"
sed 's/^process: receipt/process: other/' "$T/v2.yaml" > "$T/other.yaml"
eq "$(code_of publish 1 "$T/other.yaml")" 65 "another process"
eq "$(code_of on "$D" 1 process publish "$T/v2.yaml" --key "$(key 2)")" 77 "another agency's admin key"
eq "$(code_of on "$D" 1 process publish "$T/v2.yaml")" 64 "no key"
on "$D" 1 motions --json | grep -q '"motions":\[\]' || fail "something refused is on the ledger"

# One that is voted down changes nothing.
motion=$(publish 1 "$T/v2.yaml" | txt motion)
heard 2 "$motion"
on "$D" 2 process show --motion "${motion:0:8}" | cmp - "$T/v2.yaml" || fail "the motion brings another text"
vote 2 "$motion" no > "$T/vote.json"
heard 3 "$motion"
eq "$(vote 3 "$motion" no | txt state)" closed "two against"
level 4
for i in 1 2 3 4; do eq "$(version_of $i)" "1 0 " "version at node $i"; done
cp "$T/told1" "$T/before"
same_alerts 4 "after a motion that was voted down"
cmp "$T/before" "$T/told1" || fail "a motion that was voted down has changed alerts"
eq "$(code_of on "$D" 1 submit --case new --step "T21 Close the file")" 65 "a step that no version has"

# One that is carried by three of four; the fourth is down, and events go on.
"$R" --quiet cluster kill 4 --dir "$D"
motion=$(publish 1 "$T/v2.yaml" | txt motion)
for i in 2 3; do
  heard $i "$motion"
  vote $i "$motion" yes > "$T/vote.json"
done
eq "$(txt state < "$T/vote.json")" carried "three of four"
from=$(($(num height < "$T/vote.json") + 1))
for i in 1 2 3; do within 30 in_force $i "2 $from" || fail "node $i: $(version_of $i), not version 2 from $from on"; done
on "$D" 3 process show | cmp - "$T/v2.yaml" || fail "another definition is in force"
on "$D" 3 process show 1 | cmp - "$v1" || fail "another definition was in force"
on "$D" 2 import "$T/two.csv" --wait > "$T/import.txt"
on "$D" 1 submit --case new --step "T21 Close the file" --wait > "$T/submit.txt"
eq "$(code_of on "$D" 2 submit --case old --step "$old_step")" 65 "a step of the old version"
entry=$(on "$D" 2 case old --json | grep -o '"entry":"[0-9/]*"' | sed -n 2p | cut -d '"' -f 4)
on "$D" 2 cancel --case old --entry "$entry" --wait > "$T/cancel.txt" || fail "what is of an old step cannot be cancelled"
level 3
same_alerts 3 "after the switch"
# R17 does not hold any more, once; R11 holds of all cases, once; what holds by both was not told again.
eq "$(count_of 1 R17 withdrawn) $(count_of 1 R17 raised) $(count_of 1 R11 raised)" "4 4 36" "R17 and R11 after the switch"
grep -v -x -F -f "$T/told1" "$T/before" && fail "an alert is gone from the log"
on "$D" 1 conformance --json > "$T/conformance.json"
grep -q '"id":"R11"' "$T/conformance.json" || fail "no R11 in conformance"
! grep -q '"id":"R17"' "$T/conformance.json" || fail "conformance judges by the first version"

# Who was down comes to the same, and a restart keeps it.
"$R" --quiet cluster start 4 --dir "$D"
within 60 in_force 4 "2 $from" || fail "node 4: $(version_of 4), not version 2 from $from on"
level 4
same_alerts 4 "after node 4 has caught up"
for i in 1 2 3 4; do states_of $i "$seen" | grep -q 'acknowledged $' || fail "after the switch at node $i: $(states_of $i "$seen")"; done
"$R" --quiet cluster kill 2 --dir "$D"
"$R" --quiet cluster start 2 --dir "$D"
within 60 in_force 2 "2 $from" || fail "a restart has lost the version"
level 4
cp "$T/told1" "$T/before"
same_alerts 4 "after a restart"
cmp "$T/before" "$T/told1" || fail "a restart has changed alerts"

# The next one from a height that is named; alerts of R11 are withdrawn by its longer limit.
at=$(($(on "$D" 1 status --json | num height) + 8))
motion=$(publish 3 "$T/v3.yaml" --from-height "$at" | txt motion)
for i in 4 1; do
  heard $i "$motion"
  vote $i "$motion" yes > "$T/vote.json"
done
eq "$(txt state < "$T/vote.json")" carried "three of four"
[ "$(num height < "$T/vote.json")" -lt "$at" ] || at=$(($(num height < "$T/vote.json") + 1))
for i in 1 2 3 4; do within 60 in_force $i "3 $at" || fail "node $i: $(version_of $i), not version 3 from $at on"; done
passed() { [ "$(on "$D" 1 status --json | num height)" -gt "$at" ]; }
within 60 passed || fail "no block at height $at"
level 4
same_alerts 4 "after the third version"
eq "$(count_of 4 R11 withdrawn)" 36 "R11 by the third version"

# What nobody has acknowledged is escalated by the blocks that come, at all nodes once and at the same time.
escalated() {
  on "$D" 1 submit --case more --step "Confirmation of receipt" --wait > "$T/submit.txt"
  [ "$(states_of 1 "$unseen")" = "raised escalated " ]
}
within 30 escalated || fail "not escalated: $(states_of 1 "$unseen")"
level 4
for i in 1 2 3 4; do
  eq "$(states_of $i "$unseen")" "raised escalated " "what nobody saw, at node $i"
  states_of $i "$seen" | grep -q 'acknowledged $' || fail "in the end at node $i: $(states_of $i "$seen")"
  on "$D" $i alerts --json | grep '"state":"escalated"' | sed 's/,"logseq":[0-9]*//' | sort > "$T/escalated$i"
  cmp "$T/escalated1" "$T/escalated$i" || fail "node $i has escalated other alerts than node 1"
done
eq "$(alerts_in < "$T/escalated1" | sort | uniq -d | wc -l)" 0 "escalated twice"

# All that was compared over both versions, also with the node that was down, was the same. A node that was started again
# hears of the others' digests at the next checkpoint.
compared() { on "$D" "$1" status --json | grep -q '"compared":[1-9][0-9]*,"differ":\[\]'; }
for i in 1 3; do within 20 compared $i || fail "node $i: $(on "$D" $i status --json)"; done
for i in 1 2 3 4; do
  on "$D" $i status --json | grep -q '"differ":\[\]' || fail "node $i: $(on "$D" $i status --json)"
  eq "$(on "$D" $i alerts --json | grep -c '"rule":"alerts-differ"' || true)" 0 "differences told by node $i"
done

"$R" --quiet cluster down --dir "$D"
for i in 1 2 3 4; do "$R" verify --data "$D/node$i/data" > "$T/verify.txt" || fail "verify of node $i: $(cat "$T/verify.txt")"; done
say "ok: version 2 from height $from, version 3 from height $at, $(wc -l < "$T/told1") alerts"
