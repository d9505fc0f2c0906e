# What the crash tests share; sourced after tests/cluster/lib.sh. A network of four under load; one node, $victim, is
# killed over and over, and at the end the oracle reads everything.
# shellcheck shell=bash
victim=2
kills=0
unreached=0

crash_up() {
  D=$T/net
  "${CC:-cc}" -shared -fPIC -O1 -o "$T/preload.so" "$root/tests/crash/preload.c" -ldl -lzmq || fail "the preloaded library does not build"
  up "$D" 4 --process "$processes/receipt.yaml"
  ledger=$(sed -n 's/^ledger_id: *//p' "$D/node1/profile.yaml")
  [ ${#ledger} -eq 64 ] || fail "no ledger id"
  kill_victim
  : > "$T/accepted"
}
# load NODE SEED: load through a node, without end: each file is waited for, and counted.
load() {
  local node=$1 k=$2
  while [ ! -e "$T/stop" ]; do
    k=$((k + 1))
    synthetic "$T/load$node.csv" 20 "$k"
    # Nodes come and go: a broken import is taken up again, as an operator would.
    until "$R" --profile "$D/node$node/profile.yaml" import "$T/load$node.csv" --rate 300 --wait --json > "$T/load$node.json" 2> "$T/load.err"; do
      [ ! -e "$T/abort" ] || return
      sleep 0.1
    done
    num events < "$T/load$node.json" >> "$T/accepted"
  done
}
start_load() {
  load 1 0 &
  loaders=($!)
  load $victim 100000 &
  loaders+=($!)
  jobs_started+=("${loaders[@]}")
}
kill_victim() {
  local pid
  pid=$(cat "$D/node$victim/pid")
  kill -KILL "$pid" 2> /dev/null || true
  dead() { ! kill -0 "$pid" 2> /dev/null; }
  within 5 dead
}
# run_victim SECONDS [VAR=VALUE...]: start it so, and wait until it dies of it; else kill it.
run_victim() {
  local seconds=$1
  shift
  env "$@" RG_FRAMES="$T/frames" LD_PRELOAD="$T/preload.so" "$REIGEN_BIN/reigend" --config "$D/node$victim/node.yaml" >> "$D/node$victim/log" 2>&1 &
  local pid=$!
  echo "$pid" > "$D/node$victim/pid"
  gone() { ! kill -0 "$pid" 2> /dev/null; }
  local code=0
  { # the shell says of each process that it was killed
    if within "$seconds" gone; then
      kills=$((kills + 1))
      reached=yes
    else
      kill -KILL "$pid" || true
      unreached=$((unreached + 1))
      reached=no
    fi
    wait "$pid" || code=$?
  } 2> /dev/null
  [ $code -eq 137 ] || fail "the node ended with $code, not by the kill: $(tail -n 3 "$D/node$victim/log")"
}
keep_journal() { mkdir -p "$T/journals"; cp -r --sparse=always "$D/node$victim/data/journal" "$T/journals/$1"; }
# The end: all four level, nothing lost, nothing contradicts itself.
crash_end() {
  touch "$T/stop"
  "$R" --quiet cluster start $victim --dir "$D"
  within 90 dead_loaders || { touch "$T/abort"; fail "the load does not end: $(cat "$T/load.err")"; }
  within 40 all_equal "$D" 4 2 || fail "nodes are not equal"
  local expected got i
  expected=$(awk '{ n += $1 } END { print n + 0 }' "$T/accepted")
  [ "$expected" -gt 0 ] || fail "no load was final"
  for i in 1 $victim; do
    counted() { on "$D" "$i" conformance --json > "$T/conformance" && [ "$(num events < "$T/conformance")" = "$expected" ]; }
    within 40 counted || fail "node $i holds $(num events < "$T/conformance") events of $expected that were final"
  done
  "$R" --quiet cluster down --dir "$D"
  local args=()
  for i in 1 2 3 4; do
    "$R" --profile "$D/node$i/profile.yaml" verify --data "$D/node$i/data" > "$T/verify" || fail "node $i: $(cat "$T/verify")"
    args+=(--journal "$D/node$i/data/journal" --chain "$D/node$i/data/chain")
  done
  for i in "$T"/journals/*; do [ ! -d "$i" ] || args+=(--journal "$i"); done
  verdict=$("$REIGEN_BIN/crash-oracle" "$ledger" "${args[@]}" --frames "$T/frames") || fail "$verdict"
  say "$expected events final and there, $kills kills, $unreached not reached; $verdict"
}
dead_loaders() { local pid; for pid in "${loaders[@]}"; do if kill -0 "$pid" 2> /dev/null; then return 1; fi; done; }
