#!/usr/bin/env bash
# On a machine with an NVIDIA GPU, all that there is to find out about it, in one command:
#
#   scripts/gpu.sh FOLDER                 half an hour or so, most of it fetching
#   scripts/gpu.sh FOLDER --train ENGINE  and then one whole run of VGG, 100 epochs, beside the published curve
#
# It makes three Python environments in FOLDER (TensorFlow 6 GB, ONNX Runtime 2.4 GB, PyTorch 7 GB), sets up the engines of a
# GPU, holds each against the processor's (the tests), and times mlp and vgg on all of them and in PyTorch. What it finds is
# in FOLDER: engines.json, tests.log, times.md, and the run's results. It can be called again, and goes on.
#
# It takes Node.js, Python 3.11 to 3.13 with venv, g++, NVIDIA's driver (580 or later for onnx-cuda, else 525), and libvulkan1
# for webgpu.
set -euo pipefail

folder=$(realpath -m "${1:?a folder, for the Python environments and what is found}")
engine=
if [[ ${2-} == --train ]]; then engine=${3:?an engine, as --engine takes it}; fi
cd "$(dirname "$0")/.."
mkdir -p "$folder"

hypergrad() { node dist/cli/main.js "$@"; }
environment() {
  local name=$1
  shift
  [[ -x $folder/$name/bin/pip ]] || python3 -m venv "$folder/$name"
  "$folder/$name/bin/pip" install --quiet "$@"
}

nvidia-smi --query-gpu=index,name,memory.total,driver_version --format=csv | tee "$folder/gpu.csv"
[[ -d node_modules ]] || npm ci
npm run --silent build
runtime=$(node -p 'require("onnxruntime-common/package.json").version')

environment tensorflow 'tensorflow[and-cuda]'
environment onnxruntime "onnxruntime-gpu[cuda,cudnn]==$runtime"
environment torch torch numpy
export HYPERGRAD_PYTHON=$folder/onnxruntime/bin/python

# An engine that is not to be had on this machine leaves the others to be tried.
hypergrad setup tfjs-node-gpu --python "$folder/tensorflow" || true
hypergrad engines
hypergrad engines --json >"$folder/engines.json"

status=0
npx vitest run test/engine/{tfjs_node_gpu,onnx_cuda,webgpu_card}.test.ts 2>&1 | tee "$folder/tests.log" || status=$?

npx tsx scripts/gpu_bench.ts --torch "$folder/torch/bin/python" --engines "$(node -p '
  JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))
    .filter(({ name, ready }) => ready && /gpu|cuda/.test(name)).map(({ name }) => name).join()' "$folder/engines.json")" |
  tee "$folder/times.md"

if [[ -n $engine ]]; then
  hypergrad train --model vgg --method adam_hd --beta 1e-8 --epochs 100 --engine "$engine" --dir "$folder/results" --save --resume
  hypergrad compare "$folder/results" published || true # what is past the tolerance is a result, too
fi
exit "$status"
