#!/usr/bin/env bash
# Measure the ablation tables of the papers and of the default recipe. The papers' published numbers are shown too.
# usage: ablations.sh DATASET TARGET OUT [TABLE ...], as in: ablations.sh DAVIS 'maps:maps/{video}' ablations nr-1 mqp-3
# MORE: further options of `bench`, as in MORE="--jobs 2 --threads 1".
# Rows whose weights are missing here, and tables whose recipe is not installed, are skipped and listed at the end.
set -euo pipefail
data=$1 target=$2 out=$3
shift 3
only=" $* "
mkdir -p "$out"
recipes=$(boostvsod list recipes --json)

skipped=()
table() {  # NAME RECIPE: one published table
  [[ $only == "  " || $only == *" $1 "* ]] || return 0
  if ! grep -q "\"name\": \"$2\"" <<<"$recipes"; then
    skipped+=("$1: the recipe $2 is not installed")
    return
  fi
  # shellcheck disable=SC2086
  if ! boostvsod bench --dataset "$data" --target "$target" --paper "$1" --format markdown -o "$out/$1" ${MORE:-} \
    2> >(tee "$out/$1.log" >&2) | tee "$out/$1.md"; then
    skipped+=("$1: $(grep -m 1 -A 1 'jobs failed' "$out/$1.log" | tail -1 || echo "see $out/$1.log")")
  fi
}

if [[ $only == "  " || $only == *" default "* ]]; then
  # shellcheck disable=SC2086
  boostvsod bench --dataset "$data" --target "$target" --recipe default --control none --format markdown ${MORE:-} \
    -o "$out/default" --change recipe.gate=off --change train.lambda=0 --change recipe.fuser=student \
    --change consensus.contrast=1 --change trust.near=1 --change recipe.motion=contrast | tee "$out/default.md"
fi

table nr-1 motion    # Table I: motion saliency
table nr-3 nr        # Table III: original, low-level and final saliency
table nr-4 nr        # Table IV: iterations per keyframe
table nr-5 nr        # Table V: the NR threshold
table mqp-2 mqpm     # Table II: the T-filter
table mqp-3 mqpm     # Table III: components
table mqp-5 mqpm     # Table V: before and after
table mqp-6 mqpm     # Table VI: optical flow
table lim-2 longterm # Table II: components
table lim-3 longterm # Table III: mining rounds
table lim-4 longterm # Table IV: epochs
table lim-5 longterm # Table V: clusters
table lim-6 longterm # Table VI: keyframe spacing
table lim-7 longterm # Table VII: optical flow

for one in "${skipped[@]}"; do
  echo "skipped or incomplete: $one" >&2
done
