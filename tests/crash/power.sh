#!/usr/bin/env bash
# Power is lost while journal and chain are written: the file system (ext4 on a loop device) is cut off, forgets what was
# not made durable, and is mounted again. What had been called durable must be there. The same folder goes on, so that
# every loss but the first meets data of losses before.
# Usage: power.sh [TIMES]      default: 12, as in ctest
. "$(dirname "$0")/../cluster/lib.sh"
times=${1:-12}
skip() { say "SKIPPED: $*"; exit 0; }
[ "$(id -u)" -eq 0 ] || skip "only root mounts file systems"
command -v mkfs.ext4 > /dev/null || skip "mkfs.ext4 is missing"
if [ -z "${RG_POWER_INSIDE-}" ]; then
  unshare -m true 2> /dev/null || skip "no mount namespace of its own here"
  trap - EXIT
  rm -rf "$T"
  RG_POWER_INSIDE=1 exec unshare -m "$0" "$times"
fi
mount --make-rprivate /
P=$REIGEN_BIN/crash-power
truncate -s 96M "$T/image"
mkfs.ext4 -q -F "$T/image"
mkdir "$T/mnt"
mount -o loop "$T/image" "$T/mnt" 2> "$T/err" || skip "no loop device here: $(cat "$T/err")"
unmount() { umount "$T/mnt" 2> /dev/null || { sleep 0.1; umount "$T/mnt"; }; }
trap 'unmount 2> /dev/null; cleanup' EXIT
acked() { local n; n=$(grep "^$1 [0-9]*$" "$T/acks" | tail -n 1 | cut -d ' ' -f 2); echo "${n:-0}"; }
records=0
j=0 c=0
for i in $(seq "$times"); do
  : > "$T/acks"
  "$P" write "$T/mnt" > "$T/acks" &
  writer=$!
  sleep "0.$(printf %02d $((4 + i * 7 % 23)))"
  "$P" cut "$T/mnt" || fail "the file system cannot be cut off"
  kill -KILL "$writer" 2> /dev/null || true
  wait "$writer" 2> /dev/null || true
  now=$(acked J)
  [ "$now" -le "$j" ] || { records=$((records + now - j)); j=$now; }
  now=$(acked C)
  [ "$now" -le "$c" ] || c=$now
  unmount
  mount -o loop "$T/image" "$T/mnt"
  "$P" check "$T/mnt" "$j" "$c" > "$T/check" || fail "after loss $i: $(cat "$T/check")"
  if [ "$c" -gt 60000 ]; then rm -rf "$T/mnt"/*; j=0 c=0; fi
done
[ $records -gt 0 ] || fail "nothing was written: the check saw nothing"
say "$times power losses, $records records acknowledged, none lost"
