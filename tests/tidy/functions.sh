#!/bin/sh
# Functions of at most 70 lines (from the opening brace in column 0 to the closing one).
set -eu
cd "$(dirname "$0")/../.."
files=$(find base crypto consensus ledger proto storage rules client node -name '*.c' | sort)
[ -n "$files" ] || { echo "no files: the check saw nothing"; exit 1; }
echo "$files" | xargs awk '
FNR==1 { start=0 }
/^\{/ { start=FNR }
/^\}/ && start { n++; if (FNR - start - 1 > 70) { print FILENAME ":" start ": function of " FNR - start - 1 " lines: split it (limit 70)"; bad=1 } start=0 }
/^ *default:/ && /rg_/ { print FILENAME ":" FNR ": default over an enum" }
END { if (n < 100) { print "found " n " functions: the check saw nothing"; bad=1 } exit bad }'
