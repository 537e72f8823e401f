#!/usr/bin/env bash
# The published experiment: 18 runs, six methods on three models, saved under results/ of the folder it is called in.
#   ./run.sh                all of them
#   ./run.sh logreg         one model's six
#   ./run.sh mlp --cuda     further arguments go to every run
# A run that was interrupted goes on, and one that has finished is not repeated.
set -euo pipefail

# The program lies beside this script, wherever a link to it is.
script=${BASH_SOURCE[0]}
while [[ -L $script ]]; do
  link=$(readlink "$script")
  case $link in
    /*) script=$link ;;
    *) script=$(dirname "$script")/$link ;;
  esac
done
home=$(cd "$(dirname "$script")" && pwd -P)
main=$home/dist/cli/main.js

models=(logreg mlp vgg)
case "${1-}" in
  logreg | mlp | vgg)
    models=("$1")
    shift
    ;;
  '' | -*) ;;
  *)
    echo "error: run.sh $1: the first argument may be logreg, mlp or vgg; further ones are options of hypergrad train." >&2
    exit 2
    ;;
esac

resume=--resume
for argument in "$@"; do
  if [[ $argument == --overwrite ]]; then resume=; fi
done

[[ -f $main ]] || npm --prefix "$home" run --silent build

for model in "${models[@]}"; do
  case $model in
    logreg) epochs=10 beta_adam=1e-7 ;;
    mlp) epochs=100 beta_adam=1e-7 ;;
    vgg) epochs=100 beta_adam=1e-8 ;;
  esac
  for method in sgd sgd_hd sgdn sgdn_hd adam adam_hd; do
    beta=1e-3
    if [[ $method == adam* ]]; then beta=$beta_adam; fi
    node "$main" train --model "$model" --method "$method" --alpha_0 1e-3 --beta "$beta" \
      --epochs "$epochs" --save ${resume:+"$resume"} "$@"
  done
done
