#!/bin/sh
# names.sh LIB...: every global of foo.c is rg_foo or rg_foo_*; of foo_bar.c also rg_foo_* (one module in
# parts); of any file of librg_core.a also rg_core_*.
set -eu
bad=0
for lib in "$@"; do
	syms=$(nm -g --defined-only "$lib")
	module=$(basename "$lib" .a)
	printf '%s\n' "$syms" | awk -v lib="$lib" -v module="${module#librg_}" '
	/\.c\.o:$/ { m=$1; sub(/\.c\.o:$/,"",m); next }
	NF==3 { n++ }
	NF==3 && m !~ /pb-c$/ {
		part=m; ok=0
		while (1) {
			if ($3 ~ ("^rg_" part "(_|$)") || $3 ~ ("^rg_" module "(_|$)")) { ok=1; break }
			if (!sub(/_[^_]*$/, "", part)) break
		}
		if (!ok && $3 != "main" && $3 !~ /^rg_module_entry$/) { print lib ": " m ".c defines " $3 " (name it rg_" m "_...)"; bad=1 }
	}
	END { if (!n) { print lib ": no symbols: the check saw nothing"; bad=1 } exit bad }' || bad=1
done
exit $bad
