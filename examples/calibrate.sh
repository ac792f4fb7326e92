#!/usr/bin/env bash
# Fit the numbers of the gate and of trust on clips that the networks were not trained on.
#
#   examples/calibrate.sh DAVIS-2016-train.zip WORK [OPTION ...]
#
# WORK is the folder of examples/train_pretrained.sh. Its folds k = 0, 1, 2 leave out every third clip, from clip k on.
# Each clip is boosted with the fold that left it out, with student and opinion from lite-slim, which saw no clip of DAVIS.
# The whole procedure is repeated in fold, with the bundled video-lite, to show how much better those scores look.
# OPTIONs are passed to every benchmark, as in --jobs 2. Finished videos are not run again.
set -euo pipefail
davis=$(realpath "$1") work=$(realpath "$2")
shift 2
cd "$(dirname "$0")/.."
mapfile -t clips < <(python -c "
import sys, zipfile
print('\n'.join(sorted({name.split('/')[0] for name in zipfile.ZipFile(sys.argv[1]).namelist() if '/frames/' in name})))
" "$davis")
[[ -e $work/damaged ]] || python examples/damage_truth.py "$davis" "$work/damaged"

bench() {  # OUT WEIGHTS CLIP ...: the default recipe on some clips, with some weights of video-lite
  local out=$1 weights=$2 videos=()
  shift 2
  for clip in "$@"; do videos+=(--video "$clip"); done
  boostvsod bench --dataset "$davis" "${videos[@]}" --target lite --target classic --leave-clip-out \
    --target "strong=maps:$work/damaged/{video}" --set recipe.flow_scale=1 \
    --set "video-lite.weights=$weights" --set lite.weights=lite-slim "${options[@]}" -o "$out"
}

options=("$@")
for fold in 0 1 2; do
  left_out=()
  for ((i = fold; i < ${#clips[@]}; i += 3)); do left_out+=("${clips[i]}"); done
  bench "$work/left-out-$fold" "$work/video-$fold.safetensors" "${left_out[@]}"
done
bench "$work/in-fold" video-lite "${clips[@]}"
echo "clips that the networks were not trained on:"
python examples/calibrate_gate.py "$davis" "$work"/left-out-{0,1,2}
python examples/calibrate_trust.py "$davis" "$work"/left-out-{0,1,2}
echo "the same clips, with the network that was trained on them:"
python examples/calibrate_gate.py "$davis" "$work/in-fold"
python examples/calibrate_trust.py "$davis" "$work/in-fold"
