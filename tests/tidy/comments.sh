#!/bin/sh
# Every function prototype in a header stands under a comment (or under another prototype of its group).
set -eu
cd "$(dirname "$0")/../.."
files=$(find base crypto consensus ledger proto storage rules client node -name '*.h' | sort)
[ -n "$files" ] || { echo "no files: the check saw nothing"; exit 1; }
echo "$files" | xargs awk '
FNR==1 { prev="" }
/^[a-zA-Z_].*[ *]rg_[a-z0-9_]+\($|^[a-zA-Z_].*[ *]rg_[a-z0-9_]+\(.*/ && !/^#|^typedef|^static inline.*\{|^ / {
	n++
	if (prev !~ /\*\/$|;$|^RG_CHECKED/) { print FILENAME ":" FNR ": prototype without a comment above"; bad=1 }
}
{ prev=$0 }
END { if (n < 50) { print "found " n " prototypes: the check saw nothing"; bad=1 } exit bad }'
