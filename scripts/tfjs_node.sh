#!/usr/bin/env bash
# The engine tfjs-node on the TensorFlow that pip brings, from nothing: fetches it (250 MB), links it, and holds the engine
# against the one that comes along, over six methods.
#
#   scripts/tfjs_node.sh [FOLDER]     FOLDER, tf by default, becomes the Python environment
set -euo pipefail
environment=$(realpath -m "${1:-tf}")
cd "$(dirname "$0")/.."

[[ -x $environment/bin/pip ]] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet tensorflow-cpu
npm run --silent build
node dist/cli/main.js setup tfjs-node --python "$environment"
HYPERGRAD_TEST_ENGINE=tfjs-node npx vitest run test/engine/asked_for.test.ts
