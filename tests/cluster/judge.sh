# What the tests of faults share; sourced after lib.sh. Load that goes on through the faults, and an end that all must
# stand up to: nodes level, everything that was told to be final on the ledger, `reigen verify`, and an oracle that reads
# votes and blocks of all data folders on its own (tests/crash/oracle.c).
# shellcheck shell=bash
loaders=()
: > "$T/accepted"
# Load: cases of a file (6 events each), events a second, and the seconds its last file may take.
load_cases=10
load_rate=200
load_end=60

# Files through a node, each waited for and counted, until $T/stop is there.
load() {
  local dir=$1 node=$2 k=$3
  while [ ! -e "$T/stop" ]; do
    k=$((k + 1))
    synthetic "$T/load$node.csv" $load_cases "$k"
    # A node that is away or cut off ends the wait: the import is taken up again, as an operator would.
    until "$R" --profile "$dir/node$node/profile.yaml" import "$T/load$node.csv" --rate $load_rate --wait --json > "$T/load$node.json" 2> "$T/load$node.err"; do
      [ ! -e "$T/abort" ] || return
      sleep 0.1
    done
    num events < "$T/load$node.json" >> "$T/accepted"
  done
}
# start_load DIR NODE SEED
start_load() {
  load "$@" &
  loaders+=($!)
  jobs_started+=($!)
}
loaders_ended() { local pid; for pid in "${loaders[@]}"; do if kill -0 "$pid" 2> /dev/null; then return 1; fi; done; }
stop_load() {
  touch "$T/stop"
  within $load_end loaders_ended || { touch "$T/abort"; fail "the load does not end: $(cat "$T"/load*.err)"; }
}

# one DIR NODE CASE [SECONDS]: an event of a new case is final through this node.
one() {
  timeout "${4:-30}" "$R" --profile "$1/node$2/profile.yaml" submit --case "$3" --step "Confirmation of receipt" --wait > "$T/one" 2> "$T/one.err" ||
    fail "case $3 at node $2 does not become final: $(cat "$T/one.err")"
  echo 1 >> "$T/accepted"
}
height() { { on "$1" "$2" status --json || true; } 2> /dev/null | num height; }
# reached DIR NODE HEIGHT
reached() { local h; h=$(height "$1" "$2"); [ "${h:-0}" -ge "$3" ]; }
# Node says that it is stalled (exit 69 and a sentence), or that it is not.
stalls() {
  local code=0 s
  s=$(on "$1" "$2" status --json 2> /dev/null) || code=$?
  [ $code -eq 69 ] && [ -n "$(txt stalled <<< "$s")" ]
}
flows() { on "$1" "$2" status > /dev/null 2>&1; }
# Whether node says that it may not vote yet.
is_mute() { on "$1" "$2" status --json 2> /dev/null | grep -q '"mute":true' || return 1; }
votes_again() { on "$1" "$2" status --json 2> /dev/null | grep -q '"mute":false' || return 1; }
ledger_of() { sed -n 's/^ledger_id: *//p' "$1/node1/profile.yaml"; }

# judge DIR N [oracle options]: the end. Leaves the oracle's line in $verdict.
judge() {
  local dir=$1 n=$2 i expected args=()
  shift 2
  stop_load
  within 40 all_equal "$dir" "$n" 2 || fail "nodes are not equal: $(for i in $(seq "$n"); do place "$dir" "$i"; done)"
  expected=$(awk '{ n += $1 } END { print n + 0 }' "$T/accepted")
  [ "$expected" -gt 0 ] || fail "nothing became final"
  for i in $(seq "$n"); do
    counted() { on "$dir" "$i" conformance --json > "$T/conformance" && [ "$(num events < "$T/conformance")" = "$expected" ]; }
    within 40 counted || fail "node $i holds $(num events < "$T/conformance") events of $expected that were final"
  done
  "$R" --quiet cluster down --dir "$dir"
  for i in $(seq "$n"); do
    "$R" --profile "$dir/node$i/profile.yaml" verify --data "$dir/node$i/data" > "$T/verify" || fail "node $i: $(cat "$T/verify")"
    args+=(--journal "$dir/node$i/data/journal" --chain "$dir/node$i/data/chain")
  done
  verdict=$("$REIGEN_BIN/crash-oracle" "$(ledger_of "$dir")" "${args[@]}" "$@") || fail "$verdict"
  verdict="$expected events final and there; $verdict"
}
