#!/usr/bin/env bash
# Rules modules that do what none may, in C and in Lua, three at a time on four real nodes. Each is contained: the node says on
# alert.system what happened and lives on under the same pid, the ledger grows, all nodes stay equal, the node that has no
# module judges as ever, and what a module does not misbehave on is judged.
. "$(dirname "$0")/lib.sh"
modules=$REIGEN_BIN/../hostile
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigen-rules"; then say "SKIPPED: sanitizers run without the jail"; exit 0; fi
D=$T/net
cat > "$T/p.yaml" << 'END'
process: hostile
version: 1
clock: ledger
readers: all
steps: [good, bad]
fields: any
rules:
  - {id: R, template: absence, n: 1, activities: [bad]}
END
up "$D" 4 --process "$T/p.yaml"

# The module of node I from its next start on; none: without.
give() {
  sed -i '/^module:/d' "$D/node$1/node.yaml"
  [ "$2" = none ] || echo "module: $2" >> "$D/node$1/node.yaml"
  "$R" --quiet cluster kill "$1" --dir "$D"
  "$R" --quiet cluster start "$1" --dir "$D"
}
newest() { { on "$D" "$1" status --json || true; } | num alerts_logseq; }
# Whether node I told, since SEQ, an alert with this rule and words.
told() { on "$D" "$1" alerts --json --since "$2" > "$T/told" && grep -q -E "\"message\":\{[^}]*$4.*\"rule\":\"$3\"" "$T/told"; }
height() { place "$D" 1 | cut -d ' ' -f 1; }
# The rules of node I passed height H.
passed() { [ "$(rules_height "$D" "$1")" -ge "$2" ]; }

# What is told of each module: rule, words.
expected() {
  case $1 in
    crash | stack) echo 'rules-host Signal 11 ended' ;;
    memory) echo 'rules-host (Signal 11 ended|did not answer in time)' ;; # what comes first: its memory or its time is used up
    hang | chatter) echo 'rules-host did not answer in time' ;;
    garbage) echo 'rules-host no valid answer' ;;
    forged) echo 'rules-(host|fault) (no valid answer|failed on an entry)' ;;
    unsteady) echo 'rules-unsteady two answers' ;;
    foreign | flood | notext) echo 'rules-fault failed on an entry' ;;
    giant) echo 'rules-limit over a limit' ;;
    network | files | fork | parent) echo 'rules-host may not do .*signal 31' ;;
    quit) echo 'rules-host ended with code 0' ;;
    endless.lua) echo 'endless.lua:2 cannot be followed' ;;
    bomb.lua) echo 'bomb.lua cannot be followed' ;;
    reads.lua) echo 'reads.lua:2 cannot be followed' ;;
  esac
}
printf 'function entry(state, e)\n  if e.step == "bad" then while true do end end\nend\n' > "$T/endless.lua"
printf 'local t = {}\nfunction entry(state, e)\n  while e.step == "bad" do t[#t + 1] = {} end\nend\n' > "$T/bomb.lua"
printf 'function entry(state, e)\n  if e.step == "bad" then io.open("/etc/passwd") end\nend\n' > "$T/reads.lua"

round=0
# three KIND KIND KIND: at the nodes 2, 3 and 4.
three() {
  local i kind path before seq=() pid=() rule words
  round=$((round + 1))
  i=1
  for kind in "$@"; do
    i=$((i + 1))
    case $kind in *.lua) path=$T/$kind ;; *) path=$modules/$kind.so ;; esac
    [ -f "$path" ] || fail "no module $path"
    seq[i]=$(newest $i)
    give $i "$path"
    pid[i]=$(cat "$D/node$i/pid")
  done
  before=$(height)
  for step in good bad good; do
    on "$D" 1 submit --case "c$round" --step $step --wait > "$T/out.txt" || fail "round $round: submit"
  done
  i=1
  for kind in "$@"; do
    i=$((i + 1))
    if [ "$kind" != timer ]; then
      read -r rule words <<< "$(expected "$kind")"
      within 30 told $i "${seq[i]}" "$rule" "$words" || fail "$kind: node $i did not tell it: $(cat "$T/told")"
    fi
    within 60 passed $i $((before + 3)) || fail "$kind: the rules of node $i stand still"
    [ "$(cat "$D/node$i/pid")" = "${pid[i]}" ] && kill -0 "${pid[i]}" || fail "$kind ended node $i"
    case $kind in *.lua) told $i "${seq[i]}" R '' || fail "$kind: the definition's rule was not judged" ;; esac
    [ "$(stat -c %s "$D/node$i/log")" -lt 1000000 ] || fail "$kind filled the log"
  done
  [ "$(height)" -ge $((before + 3)) ] || fail "round $round: the ledger stands still"
  within 10 all_equal "$D" 4 "$((before + 3))" || fail "round $round: the nodes differ"
  within 10 passed 1 $((before + 3)) || fail "round $round: the rules of node 1"
  eq "$(on "$D" 1 alerts --json | grep -c '"rule":"R"')" $round "alerts of the node without a module"
  say "contained: $*"
}
three crash hang memory
three stack garbage forged
three unsteady foreign giant
three flood notext network
three files fork parent
three quit chatter timer
three endless.lua bomb.lua reads.lua

# A script that cannot be read, and a module that is none: told, and no harm.
echo 'function entry(' > "$T/broken.lua"
echo 'no shared object' > "$T/none.so"
seq2=$(newest 2); seq3=$(newest 3)
give 2 "$T/broken.lua"
give 3 "$T/none.so"
within 20 told 2 "$seq2" rules-definition 'broken.lua:2:' || fail "a broken script: $(cat "$T/told")"
within 20 told 3 "$seq3" rules-host 'cannot load its module' || fail "no module: $(cat "$T/told")"
grep -q 'rules host: reigen-rules: cannot load the module' "$D/node3/log" || fail "the log does not say why"
# Without them everything is judged after all.
for i in 2 3 4; do give $i none; done
on "$D" 1 submit --case end --step bad --wait > "$T/out.txt" || fail "submit"
within 20 rules_passed "$D" 4 "$(height)" || fail "the rules lag behind"
for i in 2 3 4; do told $i 0 R '' || fail "node $i does not judge again"; done
within 10 all_equal "$D" 4 || fail "the nodes differ"
say "ok: 21 modules, 4 nodes equal at height $(height)"
