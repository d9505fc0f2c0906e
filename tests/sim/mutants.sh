#!/bin/sh
# Show that the simulator finds faults put in on purpose (consensus/mutant.h): the files of consensus and core that
# a fault is in, built with it and linked with the rest, run over seeds until one is violated. A run that ends by an
# assertion counts too: the machine stops before anything leaves.
#
#   mutants.sh BUILD_DIR [MUTANT...]      default: those that die soon, and 0, which must survive
#   mutants.sh BUILD_DIR all              every one (minutes each at most); prints the table of docs/consensus.md
# Environment: SEEDS, the most seeds for one mutant (6000); SIM, more arguments, as "--nodes 4".
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
shift
[ $# -gt 0 ] || set -- 0 1 3 4 5 6 7 8 10 12 14 15 18 22 23 24 25 27 28 29
[ "$*" != all ] || set -- 0 $(sed -n 's/^#define RG_MUTANT_[A-Z_]* \([1-9][0-9]*\) .*/\1/p' "$root/consensus/mutant.h")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c11 -O1 -D_GNU_SOURCE -I$root"
cc=${CC:-cc}
seeds=${SEEDS:-6000}
bad=0
ran=0
wraps=
for w in crypto_generichash crypto_generichash_init crypto_generichash_update crypto_generichash_final \
    rg_peer_codec_decode rg_ledger_codec_decode_block; do
    wraps="$wraps -Wl,--wrap=$w"
done

# The product's own, and the simulator; a mutant is some of these files compiled anew.
sources=$(cd "$root" && ls consensus/*.c node/core/*.c)
mkdir "$work/0"
(cd "$work/0" && for f in $sources; do
    # shellcheck disable=SC2086
    $cc $flags -DRG_MUTANT=0 -c "$root/$f"
done)
mkdir "$work/sim"
# shellcheck disable=SC2086
(cd "$work/sim" && $cc $flags -c "$root"/tests/sim/*.c)

for m in "$@"; do
    dir=$work/m$m
    mkdir "$dir"
    cp "$work"/0/*.o "$dir"
    name=$(sed -n "s/^#define \(RG_MUTANT_[A-Z_]*\) $m .*/\1/p" "$root/consensus/mutant.h")
    if [ "$m" != 0 ]; then
        changed=$(cd "$root" && grep -lw "${name:-no such mutant}" $sources) || { echo "$m: changes no file"; exit 1; }
        (cd "$dir" && for f in $changed; do
            # shellcheck disable=SC2086
            $cc $flags -DRG_MUTANT="$m" -c "$root/$f"
        done)
    fi
    # The mutant's objects come first, so that nothing of the product's consensus and core is taken.
    # shellcheck disable=SC2086
    $cc "$work"/sim/*.o "$dir"/*.o -o "$dir/sim" $wraps -Wl,--start-group \
        "$build/ledger/librg_ledger.a" "$build/proto/librg_proto.a" \
        $(find "$build/proto" -name 'librg_proto_*.a') \
        "$build/crypto/librg_crypto.a" "$build/base/librg_base.a" -Wl,--end-group \
        $(pkg-config --libs libprotobuf-c libsodium)
    most=$seeds
    [ "$m" != 0 ] || most=100
    # What takes a certain liar in a small network to show, is looked for there.
    case $m in
        18 | 29) more="--nodes 4 --lie amnesiac" ;;
        30) more="--nodes 4" ;;
        *) more= ;;
    esac
    code=0
    begin=$(date +%s)
    # shellcheck disable=SC2086
    "$dir/sim" --seeds "$most" --stop $more ${SIM:-} > "$dir/out" 2> "$dir/err" || code=$?
    took=$(($(date +%s) - begin))
    ran=$((ran + 1))
    what=$(sed -n "s/^#define RG_MUTANT_[A-Z_]* $m  *\/\* \(.*\) \*\/.*/\1/p" "$root/consensus/mutant.h")
    how=$(sed -n 's/^VIOLATION seed \([0-9]*\) nodes \([0-9]*\) at [0-9]* ms: \(.*\)/seed \1, n = \2: \3/p' "$dir/out" | head -n 1)
    [ -z "$more" ] || [ -z "$how" ] || how="$more: $how"
    if [ $code -gt 2 ] && [ -z "$how" ]; then
        how="stops itself: $(grep -m 1 -o 'assert[^(]*.*' "$dir/err" | head -c 120)"
    fi
    if [ "$m" = 0 ]; then
        if [ $code -ne 0 ]; then cat "$dir/out" "$dir/err"; bad=1; else echo "0 | the product | survives $most seeds"; fi
    elif [ $code -eq 0 ]; then
        echo "$m | $what | SURVIVES $most seeds ($took s)"
        bad=1
    else
        echo "$m | $what | $how ($took s)"
    fi
    rm -rf "$dir"
done
[ $ran -gt 0 ] || { echo "no mutant ran"; bad=1; }
exit $bad
