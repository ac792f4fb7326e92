#!/usr/bin/env bash
# Train the bundled networks with ImageNet encoders, lite and video-lite, on a GPU. One H200 needs 10 minutes.
#
#   pip install 'boostvsod[train]'
#   examples/train_pretrained.sh DUTS-TR.zip DAVIS-2016-train.zip WORK [OPTION ...]
#
# The archives hold images/NAME.webp and masks/NAME.png, and CLIP/frames/N.webp and CLIP/masks/N.png. Each OPTION is
# passed to every training, as in --device cpu --batch 4. SECONDS_LITE and SECONDS_VIDEO change the times. A network
# whose file exists in WORK is not trained. The folds are for examples/calibrate.sh; they are not bundled.
set -euo pipefail
cd "$(dirname "$0")"
duts=$(realpath "$1") davis=$(realpath "$2") work=$(realpath -m "$3")
shift 3
slim=$(realpath ../adapters/boostvsod_adapters/weights/lite-slim.safetensors)
mkdir -p "$work"
workers=$(nproc)
cd pretrained
[[ -e $work/imagenet.safetensors ]] || python imagenet.py "$work/imagenet.safetensors"
[[ -e $work/duts.npy ]] || python data.py duts "$work" "$workers" "$duts"
[[ -e $work/davis.json ]] || python data.py davis "$work" "$workers" "$davis"
[[ -e $work/lite.safetensors ]] ||
  python fit.py lite --work "$work" --imagenet "$work/imagenet.safetensors" --seconds "${SECONDS_LITE:-185}" "$@"
for name in video-all video-0 video-1 video-2; do  # on the GPU they ran side by side, which took 340 seconds
  [[ -e $work/$name.safetensors ]] ||
    python fit.py "$name" --work "$work" --lite "$work/lite.safetensors" --slim "$slim" \
      --seconds "${SECONDS_VIDEO:-340}" "$@"
done
echo "copy $work/lite.safetensors, and $work/video-all.safetensors as video-lite.safetensors, into the weights"
