#!/usr/bin/env bash
# Measure the ablation tables of the papers and of the default recipe. The papers' published numbers are shown too.
# usage: ablations.sh DATASET TARGET OUT, as in: ablations.sh DAVIS 'maps:maps/{video}' ablations
# A table whose recipe is not installed is skipped with a message.
set -euo pipefail
data=$1 target=$2 out=$3
mkdir -p "$out"
recipes=$(boostvsod list recipes --json)

table() {  # NAME RECIPE: one published table
  if ! grep -q "\"name\": \"$2\"" <<<"$recipes"; then
    echo "$1 is skipped: the recipe $2 is not installed" >&2
    return
  fi
  boostvsod bench --dataset "$data" --target "$target" --paper "$1" --format markdown -o "$out/$1" | tee "$out/$1.md"
}

boostvsod bench --dataset "$data" --target "$target" --recipe default --control none --format markdown -o "$out/default" \
  --change recipe.gate=off --change train.lambda=0 --change recipe.fuser=student --change consensus.contrast=1 \
  --change trust.near=1 --change recipe.motion=contrast | tee "$out/default.md"

table nr-1 motion    # Table I: motion saliency
table nr-3 nr        # Table III: the final product against the low-level product
table nr-4 nr        # Table IV: iterations per keyframe
table nr-5 nr        # Table V: the NR threshold
table mqp-2 mqpm     # Table II: the T-filter
table mqp-6 mqpm     # Table VI: optical flow
table lim-2 longterm # Table II: pasting
table lim-3 longterm # Table III: mining rounds
table lim-4 longterm # Table IV: epochs
table lim-5 longterm # Table V: clusters
table lim-6 longterm # Table VI: keyframe spacing
