#!/bin/sh
# Every header has the guard RG_<FOLDER>_<FILE>_H and opens with a comment; every source includes its own header first.
set -eu
cd "$(dirname "$0")/../.."
bad=0
n=0
for f in $(find base crypto consensus ledger proto storage rules client node -name '*.h' | sort); do
	n=$((n + 1))
	g=RG_$(echo "${f%.h}" | tr 'a-z/.-' 'A-Z___')_H
	case $f in
	client/reigen.h|rules/reigen_rules.h) grep -q '^#ifndef [A-Z_]*_H$' "$f" || { echo "$f: no include guard"; bad=1; } ;;
	*) short=RG_$(echo "${f%.h}" | sed 's#^node/\([a-z]*/\)#\1#' | tr 'a-z/.-' 'A-Z___')_H
	   grep -qE "^#ifndef ($g|$short)\$" "$f" || { echo "$f: guard must be $g"; bad=1; } ;;
	esac
	head -1 "$f" | grep -q '^/\*' || { echo "$f: open with a comment that says what it is"; bad=1; }
done
[ "$n" -gt 20 ] || { echo "found $n headers: the check saw nothing"; bad=1; }
for f in $(find base crypto consensus ledger proto storage rules client node -name '*.c' | sort); do
	h=${f%.c}.h
	[ -f "$h" ] || continue
	first=$(sed -n 's/^#include "\(.*\)"/\1/p' "$f" | head -1)
	[ "$first" = "$h" ] || { echo "$f: include \"$h\" first (it has $first)"; bad=1; }
done
exit $bad
