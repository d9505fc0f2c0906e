#!/usr/bin/env bash
# How a case stands, for who opens it: each rule is inactive, pending with its deadline and the agency whose turn it is, kept so
# far or for good, or violated and by which event; and what comes next, in words. At both agencies the same.
. "$(dirname "$0")/lib.sh"
D=$T/net
cat > "$T/p.yaml" << 'END'
process: turns
version: 1
clock: ledger
readers: all
steps:
  - {id: register, label: {de: Registrierung, en: Registration}, by: [LDS-SN]}
  - {id: check, label: {de: Prüfung, en: Check}, by: [BAMF]}
  - {id: close, by: [BAMF, LDS-SN]}
fields: any
rules:
  - {id: W, template: response_within, activities: [register, check], within: P3D, hard: P5D, severity: warning}
  - {id: P, template: precedence, activities: [check, close], severity: critical, message: {de: ungeprüft, en: unchecked}}
  - {id: I, template: init, activities: [register]}
  - {id: O, template: at_most, activities: [check], n: 3}
END
up "$D" 2 --process "$T/p.yaml"
step() { on "$D" "$1" submit --case A --step "$2" ${link:+--link "$link"} --wait > "$T/out.txt" || fail "submit $2: $(cat "$T/out.txt")"; }
# The state of rule R at node I, and whether it is for good.
state() { on "$D" "$1" case A --json | grep -o "\"rule\":\"$2\",\"state\":\"[a-z]*\",\"permanent\":[a-z]*" | sed 's/.*"state":"//; s/","permanent":/ /'; }
is() { [ "$(state "$1" "$2")" = "$3" ]; }
all() { # all I W W.hard P I O
  local i=$1 rule
  shift
  for rule in W W.hard P I O; do
    within 10 is "$i" $rule "$1" || fail "node $i, rule $rule: $(state "$i" $rule), expected $1"
    shift
  done
}

step 2 register
all 2 'pending false' 'pending false' 'inactive false' 'satisfied true' 'satisfied false'
on "$D" 2 case A --json > "$T/case.json"
grep -q '"rule":"W","state":"pending","permanent":false,"severity":"warning","due":"20[^"]*Z","by":\["BAMF"\]' "$T/case.json" || fail "W: $(cat "$T/case.json")"
grep -q '"rule":"W.hard","state":"pending","permanent":false,"severity":"critical","due":"20[^"]*Z","by":\["BAMF"\]' "$T/case.json" || fail "W.hard: $(cat "$T/case.json")"
grep -q '"text":{"de":"weiter: BAMF: Prüfung, bis 20[^"]*Z","en":"continue: BAMF: Check, by 20[^"]*Z"}' "$T/case.json" || fail "words: $(cat "$T/case.json")"
on "$D" 2 case A > "$T/case.txt"
grep -q 'continue: BAMF: Check, by 20.* (step check, rule W)' "$T/case.txt" || fail "text: $(cat "$T/case.txt")"
grep -q 'W .*pending.* until 20.*, turn of BAMF' "$T/case.txt" || fail "text: $(cat "$T/case.txt")"
grep -q '1 more have nothing to say' "$T/case.txt" || fail "text: $(cat "$T/case.txt")"

step 2 close # unchecked
link=$(txt pseudonym < "$T/case.json")
step 1 check
for i in 1 2; do
  all $i 'satisfied false' 'satisfied false' 'violated true' 'satisfied true' 'satisfied false'
  on "$D" $i case A --json > "$T/case.json"
  grep -q '"rule":"P","state":"violated","permanent":true,"severity":"critical","due":null,"by":\[\],"violations":1,"events":\[1\],"message":{"de":"ungeprüft","en":"unchecked"}' "$T/case.json" || fail "P: $(cat "$T/case.json")"
  grep -q '"continue":\[\]' "$T/case.json" || fail "nothing more to do: $(cat "$T/case.json")"
  LC_ALL=de_DE.UTF-8 on "$D" $i case A > "$T/case.txt"
  grep -q 'P .*violated.* by event 1, close  ungeprüft' "$T/case.txt" || fail "German text: $(cat "$T/case.txt")"
  LC_ALL=C on "$D" $i case A > "$T/case.txt"
  grep -q 'P .*violated.* by event 1, close  unchecked' "$T/case.txt" || fail "text: $(cat "$T/case.txt")"
  grep -q 'I .*satisfied.* for good' "$T/case.txt" || fail "text: $(cat "$T/case.txt")"
  grep -q 'O .*satisfied.* so far' "$T/case.txt" || fail "text: $(cat "$T/case.txt")"
done

# What broke the rule did not happen.
link=
on "$D" 2 cancel --case A --entry "$(on "$D" 2 case A --json | grep -o '"entry":"[0-9/]*"' | sed -n 2p | cut -d '"' -f 4)" --wait > "$T/out.txt" || fail "cancel"
for i in 1 2; do all $i 'satisfied false' 'satisfied false' 'inactive false' 'satisfied true' 'satisfied false'; done
say "ok: states and turns at both agencies"
