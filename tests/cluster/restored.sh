#!/usr/bin/env bash
# A node loses its memory: an old copy of its whole data folder is put back; its journal is gone but its chain is there; all
# is gone but its key. Each time it finds out from the others, votes on nothing meanwhile and says so, is released when
# enough have answered, and then its vote counts again. The oracle reads also the journals that were lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/judge.sh"
D=$T/net
v=2 # who loses it
up "$D" 4 --process "$processes/receipt.yaml"
start_load "$D" 1 0
start_load "$D" 3 100000
stop_node() {
  local pid
  pid=$(cat "$D/node$v/pid")
  kill -TERM "$pid"
  ended() { ! kill -0 "$pid" 2> /dev/null; }
  within 20 ended || fail "node $v does not end"
}
start_node() { "$R" --quiet cluster start $v --dir "$D" || fail "node $v does not start"; }
logged() { tail -c +"$((log_from + 1))" "$D/node$v/log" | grep -q -a "$1"; }
# more_votes: the node takes part in a few more blocks.
more_votes() {
  local seen
  seen=$(height "$D" $v)
  within 30 reached "$D" $v $((seen + 6)) || fail "node $v does not go on"
  within 20 votes_again "$D" $v || fail "node $v is still mute"
}
# comes_back WHAT: node v starts with what it has now, where it hears too few others to be released.
comes_back() {
  log_from=$(wc -c < "$D/node$v/log")
  start_node
  is_mute "$D" $v || fail "$1: node $v may vote although too few have told it anything"
  sleep 1.5 # longer than a view takes
  [ "$1" != restored ] || within 20 logged "knows nothing of" || fail "$1: no vote of its own came back: $(tail -n 4 "$D/node$v/log")"
  is_mute "$D" $v || fail "$1: node $v was released by too few"
  "$R" --quiet cluster heal --dir "$D"
  within 30 votes_again "$D" $v || fail "$1: node $v is not released"
  logged "may have forgotten votes" || fail "$1: node $v did not find out: $(tail -n 4 "$D/node$v/log")"
  more_votes
  # With another one dead its vote is needed.
  "$R" --quiet cluster kill 4 --dir "$D"
  one "$D" 1 "needs-$v-$1"
  "$R" --quiet cluster start 4 --dir "$D"
  within 20 flows "$D" $v || fail "$1: node $v is stalled"
  say "$1: found out, released, votes"
}

more_votes
stop_node
cp -r --sparse=always "$D/node$v/data" "$T/old"
start_node
more_votes
# What it votes now becomes final on neither side, and node 4 alone knows of it. (Votes in views that are final are of no
# use to anybody: a node that has caught up beyond all its votes is released without ado.)
"$R" --quiet cluster isolate $v 4 --dir "$D"
within 20 stalls "$D" $v || fail "node $v does not stall"
"$R" --profile "$D/node4/profile.yaml" submit --case split --step "Confirmation of receipt" --wait > "$T/split" 2> "$T/split.err" &
split=$!
jobs_started+=($split)
view=$({ on "$D" $v status --json || true; } | num view)
journaled() { # a vote of v in the view where it stands
  cp -r --sparse=always "$D/node$v/data/journal" "$T/peek"
  local seen
  seen=$("$REIGEN_BIN/crash-oracle" "$(ledger_of "$D")" --journal "$T/peek" | grep -o 'newest-view [0-9]*' | cut -d ' ' -f 2) || true
  rm -rf "$T/peek"
  [ "${seen:-0}" -ge "$view" ]
}
within 20 journaled || fail "node $v does not vote in view $view"
stop_node
mv "$D/node$v/data" "$T/lost-restored"
cp -r --sparse=always "$T/old" "$D/node$v/data"
comes_back restored
wait $split || fail "the submit that waited ended with $?: $(cat "$T/split.err")"
echo 1 >> "$T/accepted"

"$R" --quiet cluster isolate $v --dir "$D"
stop_node
mkdir "$T/lost-journal"
mv "$D/node$v/data/journal" "$T/lost-journal/journal"
comes_back journal

"$R" --quiet cluster isolate $v --dir "$D"
stop_node
mv "$D/node$v/data" "$T/lost-all"
comes_back all

judge "$D" 4 --journal "$T/lost-restored/journal" --journal "$T/old/journal" --journal "$T/lost-journal/journal" --journal "$T/lost-all/journal" \
  --chain "$T/lost-restored/chain" --chain "$T/lost-all/chain"
say "ok: $verdict"
