# What the crash tests share; sourced after tests/cluster/lib.sh. A network of four under load; one node, $victim, is
# killed over and over, and at the end the oracle reads everything.
# shellcheck shell=bash
. "$root/tests/cluster/judge.sh"
load_cases=20
load_rate=300
load_end=90
victim=2
kills=0
unreached=0

crash_up() {
  D=$T/net
  "${CC:-cc}" -shared -fPIC -O1 -o "$T/preload.so" "$root/tests/crash/preload.c" -ldl -lzmq || fail "the preloaded library does not build"
  up "$D" 4 --process "$processes/receipt.yaml"
  kill_victim
}
# Load on two nodes: one that stays, and the victim.
load_both() {
  start_load "$D" 1 0
  start_load "$D" $victim 100000
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
# The end, judged by what the victim left behind on the way, too.
crash_end() {
  local i args=()
  for i in "$T"/journals/*; do [ ! -d "$i" ] || args+=(--journal "$i"); done
  "$R" --quiet cluster start $victim --dir "$D"
  judge "$D" 4 "${args[@]}" --frames "$T/frames"
  say "$kills kills, $unreached not reached; $verdict"
}
