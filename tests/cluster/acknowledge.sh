#!/usr/bin/env bash
# Alerts on four real nodes: acknowledged at one they are so everywhere, told once; a critical one that nobody acknowledges
# is escalated, once, by ledger time (all clocks jump an hour), also by a node that was down; who may not acknowledge, and
# what cannot be, is told why.
. "$(dirname "$0")/lib.sh"
if grep -q -a -E '__(asan|tsan)_init' "$REIGEN_BIN/reigend"; then say "SKIPPED: a sanitizer must be the first library"; exit 0; fi
"${CC:-cc}" -shared -fPIC -O1 -o "$T/clock.so" "$root/tests/cluster/clock.c" || fail "the clock library does not build"
set_clock() { printf '%-31s' "$1" > "$T/clock.new" && dd if="$T/clock.new" of="$T/clock" conv=notrunc status=none; }
: > "$T/clock"
set_clock 0
with_clock() { RG_CLOCK=$T/clock LD_PRELOAD=$T/clock.so "$@"; }
D=$T/net
cat > "$T/p.yaml" << 'END'
process: ack
version: 1
escalate_after: PT1H
steps: [begin, answer, work]
rules:
  - {id: P, template: precedence, activities: [begin, work], severity: critical, heal: true, to: [BAMF, LDS-SN],
     message: {de: Bitte den Beginn nachtragen., en: Please record the beginning.}}
  - {id: A, template: absence, activities: [work], n: 2}
END
with_clock up "$D" 4 --process "$T/p.yaml" --agencies BAMF,LDS-SN,X,Y
enter() { on "$D" "$1" submit --case "$2" --step "$3" --wait > "$T/out.txt" || fail "submit $2 $3"; }
# alert I RULE CASE: the name of the alert that rule RULE raised about the case with that pseudonym.
alert() { on "$D" "$1" alerts --json | grep "\"rule\":\"$2\"" | grep "\"case\":\"$3\"" | txt alert; }
raised() { [ -n "$(alert "$@")" ]; }
told() { on "$D" "$1" alerts --json | grep "\"alert\":\"$2\"" | grep -o '"state":"[a-z]*"' | cut -d '"' -f 4 | tr '\n' ' ' || true; }
says() { [ "$(told "$1" "$2")" = "$3" ]; }
refused() { # CODE TEXT COMMAND...: what may not be
  local want=$1 text=$2 code=0
  shift 2
  "$@" > "$T/out.txt" 2> "$T/err.txt" || code=$?
  eq $code "$want" "exit code of $*: $(cat "$T/err.txt")"
  grep -q "$text" "$T/err.txt" || fail "$* said: $(cat "$T/err.txt")"
}

start_watch "$D" 2 "$T/watch.jsonl"
enter 1 seen work
enter 1 unseen work
enter 1 healed work
enter 1 warned begin
enter 1 warned work
enter 1 warned work
pseudonym() { on "$D" 1 case "$1" --json | txt pseudonym; }
p_seen=$(pseudonym seen) p_unseen=$(pseudonym unseen) p_healed=$(pseudonym healed) p_warned=$(pseudonym warned)
within 10 raised 1 P "$p_seen" || fail "no alert"
within 10 raised 1 P "$p_healed" || fail "no alert"
within 10 raised 1 A "$p_warned" || fail "no warning"
seen=$(alert 1 P "$p_seen") unseen=$(alert 1 P "$p_unseen") healed=$(alert 1 P "$p_healed") warned=$(alert 1 A "$p_warned")
"$R" --quiet cluster kill 4 --dir "$D"

# Node 2 reads the case, and has no file number for it.
on "$D" 2 ack "$seen" --note in_progress --wait --json > "$T/ack.json" || fail "ack: $(cat "$T/ack.json")"
grep -q '"height":[0-9]' "$T/ack.json" || fail "ack printed: $(cat "$T/ack.json")"
enter 1 healed begin
for i in 1 2 3; do within 10 says $i "$seen" "raised acknowledged " || fail "node $i: $(told $i "$seen")"; done
within 10 says 1 "$healed" "raised healed " || fail "healed: $(told 1 "$healed")"
# Once more, by this agency and by another: known, nothing recorded.
h=$(place "$D" 1)
for i in 1 2; do on "$D" $i ack "$seen" --note again --wait > "$T/out.txt" || fail "ack once more"; grep -q "before" "$T/out.txt" || fail "once more: $(cat "$T/out.txt")"; done
on "$D" 1 ack "$warned" --wait > "$T/out.txt" || fail "ack of a warning"
[ "$(place "$D" 1)" != "$h" ] || fail "nothing was recorded"

# It is still open, acknowledged; the history has the entry; what nobody has seen is listed.
on "$D" 3 case --pseudonym "$p_seen" --json > "$T/case.json" || fail "case"
grep -q '"alerts":\[{"data":{"acknowledged":{"agency":"LDS-SN","member":"member2","note":"in_progress"}' "$T/case.json" || fail "case: $(cat "$T/case.json")"
grep -q '"acknowledges":"[0-9a-f]\{64\}","note":"in_progress"' "$T/case.json" || fail "case: $(cat "$T/case.json")"
on "$D" 1 case seen | grep -q "acknowledged by LDS-SN/member2" || fail "case: $(on "$D" 1 case seen)"
eq "$(on "$D" 1 alerts --unacknowledged --json | grep -o '"alert":"[0-9a-f]*"' | cut -d '"' -f 4)" "$unseen" "unacknowledged"

# What cannot be.
refused 65 'raised no such alert' on "$D" 1 ack "${seen//[0-9]/0}"
refused 64 '64 hexadecimal' on "$D" 1 ack 7
refused 64 'name the alert' on "$D" 1 ack
refused 65 'healed or withdrawn' on "$D" 1 ack "$healed"
refused 65 'a code of up to' on "$D" 1 ack "$unseen" --note 'Frau M.'
kill_host() { local p; p=$(pgrep -P "$(cat "$D/node3/pid")" -f reigen-rules | head -n 1); [ -z "$p" ] || kill -KILL "$p"; }
kill_host
system() { on "$D" 3 alerts --severity system --json | txt alert; }
has_system() { [ -n "$(system)" ]; }
within 10 has_system || fail "no alert of the system"
refused 65 'about this node' on "$D" 3 ack "$(system)"

# Ledger time goes on with blocks; an alert that nobody acknowledged is told once more.
set_clock 3000000
enter 3 other begin
set_clock 4000000
enter 3 other begin
within 10 says 1 "$unseen" "raised escalated " || fail "not escalated: $(told 1 "$unseen")"
on "$D" 1 alerts --json | grep '"state":"escalated"' > "$T/escalated.json"
grep -q '"de":"Seit 2.*Gefragt: BAMF, LDS-SN.*Beginn nachtragen.*"en":"Nobody has acknowledged.*Asked: BAMF, LDS-SN.*the beginning' "$T/escalated.json" ||
  fail "the text: $(cat "$T/escalated.json")"
with_clock "$R" --quiet cluster start 4 --dir "$D"
"$R" --quiet cluster kill 3 --dir "$D"
with_clock "$R" --quiet cluster start 3 --dir "$D"
on "$D" 1 ack "$unseen" --wait > "$T/out.txt" || fail "ack of what was escalated"
for _ in 1 2 3 4 5; do enter 2 more begin; done # past a checkpoint, where alerts are compared
within 20 all_equal "$D" 4 || fail "the nodes differ"
within 20 rules_passed "$D" 4 "$(place "$D" 1 | cut -d ' ' -f 1)" || fail "the rules lag behind"
facts() { on "$D" "$1" alerts --json | grep -v '"severity":"system"' | sed 's/,"logseq":[0-9]*//' | sort; }
same() { local i; facts 1 > "$T/f1"; for i in 2 3 4; do facts $i > "$T/f$i"; cmp -s "$T/f1" "$T/f$i" || return 1; done; }
within 10 same || fail "alerts differ: $(diff "$T/f1" "$T/f4")"
eq "$(grep -o '"id":"[0-9a-f]*"' "$T/f1" | sort | uniq -d | wc -l)" 0 "alerts told twice"
eq "$(told 1 "$unseen")" "raised escalated acknowledged " "what nobody saw in time"
# Who has seen an alert is no difference between nodes.
[ "$(place "$D" 1 | cut -d ' ' -f 1)" -ge 16 ] || fail "no checkpoint at height $(place "$D" 1)"
compared() { [ "$({ on "$D" "$1" status --json || true; } | num compared)" -ge 16 ]; }
for i in 1 2 3 4; do
  within 10 compared $i || fail "node $i compares nothing: $(on "$D" $i status --json)"
  on "$D" $i status --json | grep -q '"differ":\[\]' || fail "node $i: $(on "$D" $i status --json)"
  eq "$(on "$D" $i alerts --json | grep -c '"rule":"alerts-differ"')" 0 "differences told by node $i"
done
eq "$(told 4 "$seen")" "raised acknowledged " "what was seen in time"
eq "$(grep -c '"state":"escalated"' "$T/f1")" 1 "escalated"
# What acknowledges is no step: of seen, unseen, healed, warned, other and more these are.
eq "$(on "$D" 4 conformance --json | num events)" 14 "events that count"
on "$D" 1 --quiet export --format csv --out "$T/out.csv" || fail "export"
eq "$(tail -n +2 "$T/out.csv" | wc -l)" 14 "exported events"
eq "$(on "$D" 1 --quiet process shadow "$T/p.yaml" --json | tail -n 1 | num cases_differ)" 0 "the same version judges the same"
# The subscriber heard each once.
heard() { sed 's/,"logseq":[0-9]*//' "$T/watch.jsonl" | sort > "$T/w"; cmp -s "$T/f1" "$T/w"; }
within 10 heard || fail "the subscriber: $(diff "$T/f1" "$T/w")"

# A ledger of one node, with a member who may only look on.
E=$T/one
mkdir -p "$E"
key() { "$R" --quiet keygen "$E/$1.key" --json > "$E/$1.pub"; chmod 600 "$E/$1.key"; }
pub() { txt "$2" < "$E/$1.pub"; }
for k in node member desk admin; do key $k; done
cat > "$E/agencies.yaml" << END
ledger: ack
process: $T/p.yaml
agencies:
  - name: BAMF
    class: bund
    admin_key: $(pub admin sign_key)
    principals:
      - {name: node1, roles: [node], sign_key: $(pub node sign_key), curve_key: $(pub node curve_key)}
      - {name: member1, roles: [case-system], sign_key: $(pub member sign_key), curve_key: $(pub member curve_key)}
      - {name: desk1, roles: [monitor], sign_key: $(pub desk sign_key), curve_key: $(pub desk curve_key)}
authorities: [node1]
END
"$R" genesis create "$E/agencies.yaml" --out "$E/genesis.bin" --json > "$E/genesis.json" || fail "genesis"
"$R" --quiet cluster kill 4 --dir "$D"
sed -n '/^listen/p' "$D/node4/node.yaml" > "$E/listen"
printf 'ledger: ack\nprincipal: node1\ngenesis: genesis.bin\nkey: node.key\ndata: data\ncluster: true\npeers: []\n' | cat - "$E/listen" > "$E/node.yaml"
for who in member:1 desk:2; do
  printf 'ledger: ack\nledger_id: %s\nagency: BAMF\nmember: %s1\nprincipal: %s\nkey: %s.key\n%s\n%s\nserver_key: %s\n' "$(txt ledger_id < "$E/genesis.json")" \
    "${who%:*}" "${who#*:}" "${who%:*}" "$(grep '^api:' "$D/node4/profile.yaml")" "$(grep '^events:' "$D/node4/profile.yaml")" "$(pub node curve_key)" > "$E/${who%:*}.yaml"
done
"$REIGEN_BIN/reigend" --config "$E/node.yaml" > "$E/log" 2>&1 &
jobs_started+=($!)
by() { local who=$1; shift; "$R" --profile "$E/$who.yaml" "$@"; }
is_up() { by member status > "$T/out.txt" 2>&1; }
within 10 is_up || fail "the single node does not start: $(cat "$E/log" "$T/out.txt")"
by member submit --case a --step work --wait > "$T/out.txt" || fail "submit"
only() { by desk alerts --json | txt alert; }
has_only() { [ -n "$(only)" ]; }
within 10 has_only || fail "the monitor sees no alert"
refused 77 'roles do not cover' by desk ack "$(only)"
by member ack "$(only)" --wait > "$T/out.txt" || fail "the case system may not acknowledge"
say "ok: $(wc -l < "$T/f1") alerts, the same on four nodes and at the subscriber"
