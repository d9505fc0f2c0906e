#!/bin/sh
# purity.sh ALLOWED LIB...: a pure library may only need rg_*, memory copies and the names in ALLOWED.
set -eu
extra=$1
shift
allow="^(rg_[a-z0-9_]+|mem(cpy|set|cmp|move)|__mem(cpy|set|move)_chk|strlen|strcmp|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_${extra:+|$extra})\$"
bad=0
for lib in "$@"; do
	syms=$(nm "$lib")
	[ -n "$syms" ] || { echo "$lib: no symbols: the check saw nothing"; exit 1; }
	out=$(printf '%s\n' "$syms" | awk '$1=="U"{print $2}' | sort -u | grep -vE "$allow" || true)
	[ -z "$out" ] || { echo "$lib: impure symbols (pass time, randomness and I/O in as events):"; echo "$out"; bad=1; }
done
exit $bad
