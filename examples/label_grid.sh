#!/usr/bin/env bash
# Train RCRNet with NER on sparse labels and pseudo-labels: RCRNet's Table 2, the protocol m/l, on DAVIS.
# One mask in every l frames is given, and m more are made between two of them by the pseudo-label generator.
# usage: label_grid.sh DAVIS OUT [M/L ...], as in: label_grid.sh DAVIS grid 0/5 1/5. Finished cells are not trained again.
# RCRNET: weights of RCRNet to start from ("none": nothing). FGPLG: weights of the generator; without them, it is trained
# on the same sparse labels. MORE: further options of `train`, as in MORE="--epochs 5 --size 224 --device cuda".
set -euo pipefail
data=$1 out=$2
shift 2
cells=("$@")
[ ${#cells[@]} -gt 0 ] || cells=(0/1 0/2 0/5 1/5 4/5 0/20 7/20 19/20)
start=${RCRNET:-none} more=${MORE:-}
mkdir -p "$out"
partly=()
[ "$start" = none ] || partly=(--init-partly)

train() {  # KIND OUTPUT ARGUMENT ...: one training that starts from RCRNet
  local kind=$1 output=$2
  shift 2
  # shellcheck disable=SC2086
  boostvsod train "$kind" --data "$data" --preset rcrnet --init "$start" "${partly[@]}" $more "$@" -o "$output" >"$output.json"
}

published() {  # M/L: maxF and S of the paper, on VOS
  case $1 in
  0/1) echo ".849 | .873" ;; 0/2) echo ".850 | .869" ;; 0/5) echo ".849 | .867" ;; 1/5) echo ".861 | .874" ;;
  4/5) echo ".850 | .873" ;; 0/20) echo ".821 | .832" ;; 7/20) echo ".847 | .861" ;; 19/20) echo ".845 | .860" ;;
  *) echo " | " ;;
  esac
}

for cell in "${cells[@]}"; do
  m=${cell%/*} l=${cell#*/} name=${cell/\//-of-}
  [ -s "$out/$name.safetensors.json" ] && continue
  densifier=()
  if [ "$m" -gt 0 ]; then
    generator=${FGPLG:-$out/fgplg-$l.safetensors}
    [ -e "$generator" ] || train fgplg "$generator" --every "$l"
    densifier=(--densifier fgplg --set "fgplg.weights=$generator")
  fi
  train rcrnet "$out/$name.safetensors" --every "$l" --made "$m" "${densifier[@]}"
done

echo "| m/l | maxF paper (VOS) | S paper | maxF here | S here |"
echo "|---|---|---|---|---|"
for cell in "${cells[@]}"; do
  scores=$(python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); print("%.3f | %.3f" % (s["maxF"], s["S"]))' \
    "$out/${cell/\//-of-}.safetensors.json")
  echo "| $cell | $(published "$cell") | $scores |"
done
