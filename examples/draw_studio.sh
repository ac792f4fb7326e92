#!/usr/bin/env bash
# Draw docs/studio.webp: the studio with the clip of `boostvsod demo`, as Chromium shows it.
# usage: draw_studio.sh OUT.webp
set -euo pipefail
work=$(mktemp -d)
boostvsod demo -o "$work/demo"
boostvsod studio "$work/demo" --no-open -o "$work/runs" >"$work/log" 2>&1 &
studio=$!
trap 'kill $studio; rm -rf "$work"' EXIT
until address=$(grep -o 'http://[^ ]*' "$work/log"); do sleep 0.2; done
chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,860 \
  --virtual-time-budget=15000 --screenshot="$work/studio.png" "$address"
python3 -c 'import cv2, sys; cv2.imwrite(sys.argv[2], cv2.imread(sys.argv[1]), [cv2.IMWRITE_WEBP_QUALITY, 82])' \
  "$work/studio.png" "$1"
