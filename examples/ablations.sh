#!/usr/bin/env bash
# The papers' ablation tables, measured here beside what they published.
# usage: ablations.sh DATASET TARGET OUT, as in: ablations.sh DAVIS 'maps:maps/{video}' ablations
set -euo pipefail
data=$1 target=$2 out=$3
for table in nr-1 nr-3 nr-4 nr-5; do
  boostvsod bench --dataset "$data" --target "$target" --paper "$table" --format markdown -o "$out/$table" | tee "$out-$table.md"
done
