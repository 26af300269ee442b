#!/usr/bin/env bash
# Makes R and its kernel available, for the tests of steps in another language: Debian's packages,
# and what runs them from Python in a folder of its own (pyarrow changes how pandas keeps texts, so
# it stays out of the environment of the other tests). Usage: r_kernel.sh FOLDER
set -uo pipefail
folder=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! dpkg -s r-cran-irkernel r-cran-jsonlite >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "R and its kernel are not installed, and only root can install them here" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends r-cran-irkernel \
        r-cran-jsonlite; } >/dev/null 2>&1 || {
        echo "R's kernel cannot be installed" >&2
        exit 1
    }
fi
if [ ! -d "$folder/pyarrow" ]; then
    "${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder" \
        papermill==2.7.0 pyarrow tenacity tqdm ansicolors entrypoints || {
        echo "papermill and pyarrow cannot be installed" >&2
        exit 1
    }
fi
