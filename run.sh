#!/usr/bin/env bash
# The published experiment: 18 runs, six methods on three models, saved under results/ of the folder it is called in.
#   ./run.sh                all of them
#   ./run.sh logreg         one model's six
#   ./run.sh mlp --cuda     further arguments are options of hypergrad sweep, which hold for every run
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

only=()
case "${1-}" in
  logreg | mlp | vgg)
    only=(--only "model=$1")
    shift
    ;;
  '' | -*) ;;
  *)
    echo "error: run.sh $1: the first argument may be logreg, mlp or vgg; further ones are options of hypergrad sweep." >&2
    exit 2
    ;;
esac

[[ -f $main ]] || npm --prefix "$home" run --silent build
# To the bash of macOS an empty array is an unset variable.
exec node "$main" sweep "$home/sweeps/published.yaml" ${only[@]+"${only[@]}"} "$@"
