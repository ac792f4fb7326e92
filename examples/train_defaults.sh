#!/usr/bin/env bash
# Train the bundled networks on slim backbones; examples/train_pretrained.sh trains lite and video-lite. A network whose
# file exists is not trained: delete a file to train it again.
#
#   examples/train_defaults.sh --duts DUTS-TR.zip --davis DAVIS-2016-train.zip [--out FOLDER] [OPTION ...]
#   examples/train_defaults.sh --smoke [--out FOLDER]      # a few steps on synthetic clips, to test the script
#
# Each OPTION is passed to every training, as in --device cuda --precision bf16. A stopped training continues when the
# script runs again, so that a GPU can be used in short periods: timeout 590 examples/train_defaults.sh ...
set -euo pipefail
cd "$(dirname "$0")/.."
duts='' davis='' smoke='' out=adapters/boostvsod_adapters/weights common=()
while (($#)); do
  case $1 in
    --duts) duts=$2 && shift 2 ;;
    --davis) davis=$2 && shift 2 ;;
    --out) out=$2 && shift 2 ;;
    --smoke) smoke=1 && shift ;;
    *) common+=("$1") && shift ;;
  esac
done
parts=$out/parts # intermediate files
mkdir -p "$parts"

if [[ $smoke ]]; then
  drawn=$(mktemp -d)
  trap 'rm -rf "$drawn"' EXIT
  python examples/draw_clips.py "$drawn"
  duts=$drawn davis=$drawn common+=(--epochs 0.5 --size 64 --checks 1 --set train.batch=4 --device cpu)
fi
[[ $duts && $davis ]] || { echo "--duts and --davis are needed, or --smoke" >&2 && exit 2; }

train() {  # NAME KIND OPTION ...: one network, unless its file exists
  local name=$1 kind=$2
  shift 2
  [[ -e $out/$name.safetensors ]] && echo "$out/$name.safetensors exists" && return
  boostvsod train "$kind" "$@" "${common[@]}" -o "$out/$name.safetensors"
}

large=(--set train.weight_decay=0.02 --set train.ema=0.9995)
small=(--set train.weight_decay=0.02 --set train.ema=0.995)
faint=(--set augment.colour=0.05 --set augment.grey=0) # little change of colours: in coloured flow they are directions
slim=$out/lite-slim.safetensors

train lite-slim saliency --data "$duts" --epochs 170 --set train.batch=128 --set train.lr=3e-3 "${large[@]}"
train lite-video saliency --data "$davis" --init "$slim" --epochs 16 --set train.batch=64 --set train.lr=5e-4 "${small[@]}"

if [[ ! -e $out/patch-lite.safetensors ]]; then # the encoder is that of lite-slim, and only the decoder is saved
  out=$parts train patch patch --data "$duts" --init "$slim" --epochs 1 --set train.batch=32 --set train.lr=1e-3 \
    --set train.freeze=encoder "${small[@]}"
  python examples/cut_weights.py "$parts/patch.safetensors" "$out/patch-lite.safetensors" without encoder.
fi

filmed=(--data "$davis" --cache "$parts/cache" "${faint[@]}")
train motion-lite motion "${filmed[@]}" --init "$slim" --epochs 2.5 --size 224 --checks 1 \
  --set train.batch=16 --set train.lr=1e-3 --set train.weight_decay=0.02 --set train.ema=0.99

if [[ ! -e $out/mqpm-lite.safetensors ]]; then # the judging half; motion-lite is the locating half
  out=$parts train judge mqpm "${filmed[@]}" --theta "$slim" --localiser "$out/motion-lite.safetensors" --epochs 1 \
    --size 320 --checks 1 --set train.lr=1e-3 --set train.ema=0.98 --set train.freeze=locate --set augment.swap=true
  python examples/cut_weights.py "$parts/judge.safetensors" "$out/mqpm-lite.safetensors" only quality.
fi
rm -rf "$parts"
