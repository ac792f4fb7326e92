#!/usr/bin/env bash
# Train a network on sparse labels and pseudo-labels: RCRNet's Table 2, the protocol m/l.
# One mask in every l frames is given, and m more are made between two of them.
# usage: label_grid.sh DAVIS OUT [M/L ...], as in: label_grid.sh DAVIS grid 0/5 1/5. Finished cells are not trained again.
#
# NETWORK=rcrnet (default): RCRNet with NER, as in the paper. The masks are made by the pseudo-label generator.
#   RCRNET: weights of RCRNet to start from ("none": nothing). FGPLG: weights of the generator; without them, it is
#   trained on the same sparse labels.
# NETWORK=lite: the bundled picture network, trained further. The masks are made by warping the given ones.
#   STEPS: training steps of 8 pictures, the same for every cell (default 150).
# VALIDATE: clips that the scores are of. Without it, some clips of DAVIS are held out.
# MORE: further options of `train`, as in MORE="--epochs 5 --size 224 --device cuda".
set -euo pipefail
data=$1 out=$2
shift 2
cells=("$@")
[ ${#cells[@]} -gt 0 ] || cells=(0/1 0/2 0/5 1/5 4/5 0/20 7/20 19/20)
network=${NETWORK:-rcrnet} start=${RCRNET:-none} steps=${STEPS:-150} more=${MORE:-}
mkdir -p "$out"
partly=() validate=()
[ "$start" = none ] || partly=(--init-partly)
[ -z "${VALIDATE:-}" ] || validate=(--validate "$VALIDATE")

train() {  # KIND OUTPUT ARGUMENT ...: one training; its scores go to OUTPUT.json
  local kind=$1 output=$2
  shift 2
  # shellcheck disable=SC2086
  boostvsod train "$kind" "$@" "${validate[@]}" $more -o "$output" >"$output.json"
}

train_rcrnet() {  # M L OUTPUT
  local start_from=(--data "$data" --preset rcrnet --init "$start" "${partly[@]}") densifier=()
  if [ "$1" -gt 0 ]; then
    local generator=${FGPLG:-$out/fgplg-$2.safetensors}
    [ -e "$generator" ] || train fgplg "$generator" "${start_from[@]}" --every "$2"
    densifier=(--densifier fgplg --set "fgplg.weights=$generator")
  fi
  train rcrnet "$3" "${start_from[@]}" --every "$2" --made "$1" "${densifier[@]}"
}

train_lite() {  # M L OUTPUT
  local labels=$3.labels bundled count
  bundled=$(python3 -c 'import boostvsod_adapters as a, pathlib as p; print(p.Path(a.__file__).parent / "weights/lite.safetensors")')
  boostvsod pseudo-label "$data" --every "$2" --made "$1" --overwrite -o "$labels"
  count=$(find "$labels" -path '*/masks/*.png' | wc -l)
  train saliency "$3" --data "$labels" --init "$bundled" --checks 1 --set train.lr=1e-4 --set train.batch=8 --set train.freeze_bn=true \
    --epochs "$(python3 -c "print($steps * 8 / $count)")"
}

published() {  # M/L: maxF and S of the paper, on VOS
  case $1 in
  0/1) echo ".849 | .873" ;; 0/2) echo ".850 | .869" ;; 0/5) echo ".849 | .867" ;; 1/5) echo ".861 | .874" ;;
  4/5) echo ".850 | .873" ;; 0/20) echo ".821 | .832" ;; 7/20) echo ".847 | .861" ;; 19/20) echo ".845 | .860" ;;
  *) echo " | " ;;
  esac
}

for cell in "${cells[@]}"; do
  output=$out/${cell/\//-of-}.safetensors
  [ -s "$output.json" ] || "train_$network" "${cell%/*}" "${cell#*/}" "$output"
done

echo "| m/l | maxF paper (VOS) | S paper | maxF here | S here |"
echo "|---|---|---|---|---|"
for cell in "${cells[@]}"; do
  scores=$(python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); print("%.3f | %.3f" % (s["maxF"], s["S"]))' \
    "$out/${cell/\//-of-}.safetensors.json")
  echo "| $cell | $(published "$cell") | $scores |"
done
