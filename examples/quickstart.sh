#!/usr/bin/env bash
# From nothing to a result: makes .venv if there is none, installs kalelike with what the
# examples need, then compiles and runs an example notebook and shows the run.
# Usage: bash examples/quickstart.sh [NOTEBOOK]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/venv.sh
make_venv examples

kalelike=.venv/bin/kalelike
notebook=${1:-examples/notebooks/titanic.ipynb}
mkdir -p build
set -x
"$kalelike" graph "$notebook"
"$kalelike" compile "$notebook" -o build/pipeline.yaml
"$kalelike" check build/pipeline.yaml
"$kalelike" run "$notebook"
"$kalelike" show "$notebook" --html build/run.html
