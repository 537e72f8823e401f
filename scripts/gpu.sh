#!/usr/bin/env bash
# On a machine with a graphics card, all that there is to find out about it, in one command:
#
#   scripts/gpu.sh FOLDER                 half an hour or so, most of it fetching
#   scripts/gpu.sh FOLDER --train ENGINE  and then one whole run of VGG, 100 epochs, beside the published curve
#
# It sets up the engines of a card, holds each against the processor's (six methods, two networks, α beyond float32, memory,
# Ctrl-C and resume), and times mlp and vgg on all of them and in PyTorch on the same card. For a card of NVIDIA's it makes
# three Python environments in FOLDER (TensorFlow 6 GB, ONNX Runtime 2.4 GB, PyTorch 7 GB); other cards have webgpu alone.
# What it finds is in FOLDER: card.csv, engines.txt, tests-ENGINE.log, times.md, and the run's results. It can be called
# again, and goes on. What this machine lacks for it, it tells first.
set -euo pipefail

folder=$(realpath -m "${1:?a folder, for the Python environments and what is found}")
train=
if [[ ${2-} == --train ]]; then train=${3:?an engine, as --engine takes it}; fi
cd "$(dirname "$0")/.."
mkdir -p "$folder"

lacks() { echo "This machine lacks $1" >&2; }
hypergrad() { node dist/cli/main.js "$@"; }
environment() {
  local name=$1
  shift
  [[ -x $folder/$name/bin/pip ]] || python3 -m venv "$folder/$name"
  "$folder/$name/bin/pip" install --quiet "$@"
}

[[ -d node_modules ]] || npm ci
npm run --silent build

nvidia=
if nvidia-smi --query-gpu=index,name,memory.total,driver_version --format=csv >"$folder/card.csv" 2>/dev/null; then
  nvidia=yes
  cat "$folder/card.csv"
  for tool in python3 g++; do
    if ! command -v "$tool" >/dev/null; then lacks "$tool: sudo apt-get install python3-venv g++" && exit 2; fi
  done
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then lacks "Python's venv: sudo apt-get install python3-venv" && exit 2; fi
  environment onnxruntime "onnxruntime-gpu[cuda,cudnn]==$(node -p 'require("onnxruntime-common/package.json").version')"
  environment tensorflow 'tensorflow[and-cuda]'
  environment torch torch numpy
  export HYPERGRAD_PYTHON=$folder/onnxruntime/bin/python
  # An engine that is not to be had on this machine leaves the others to be tried.
  hypergrad setup tfjs-node-gpu --python "$folder/tensorflow" || true
else
  lacks "a driver of NVIDIA's that nvidia-smi finds: onnx-cuda, tfjs-node-gpu and PyTorch are left out."
fi

hypergrad engines | tee "$folder/engines.txt"
ready=()
for name in onnx-cuda tfjs-node-gpu webgpu; do
  if grep -q "^$name  *ready" "$folder/engines.txt"; then ready+=("$name"); fi
done
if [[ ${#ready[@]} == 0 ]]; then lacks "a graphics card that an engine can use: see above." && exit 2; fi

status=0
for name in "${ready[@]}"; do
  HYPERGRAD_TEST_ENGINE=$name npx vitest run test/engine/asked_for.test.ts 2>&1 | tee "$folder/tests-$name.log" || status=1
done

npx tsx scripts/gpu_bench.ts --engines "$(IFS=,; echo "${ready[*]}")" ${nvidia:+--torch "$folder/torch/bin/python"} |
  tee "$folder/times.md"

if [[ -n $train ]]; then
  hypergrad train --model vgg --method adam_hd --beta 1e-8 --epochs 100 --engine "$train" --dir "$folder/results" --save --resume
  hypergrad compare "$folder/results" published || true # what is past the tolerance is a result, too
fi
exit "$status"
