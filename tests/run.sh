#!/usr/bin/env bash
# Every check of the project, from nothing: makes .venv if there is none, installs, then
# format, lint, types, import contracts and tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/venv.sh
make_venv dev

bin=.venv/bin
export PATH="$PWD/$bin:$PATH" PYTHONDONTWRITEBYTECODE=
"$bin/ruff" format --check --quiet .
"$bin/ruff" check --quiet .
"$bin/mypy"
"$bin/lint-imports"
bash scripts/docker_engine.sh || echo "tests of containers are skipped" >&2
"$bin/python" -m pytest --numprocesses "${KALELIKE_TEST_PROCESSES:-auto}" --dist loadfile "$@"
