#!/usr/bin/env bash
# Makes buildah available, for the tests: installs Debian's package where root may, and says why
# not where it cannot be had or used.
set -uo pipefail

if ! command -v buildah >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "buildah is not installed, and only root on Debian can install it here" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends buildah; } \
        >/dev/null 2>&1 || {
        echo "buildah cannot be installed" >&2
        exit 1
    }
fi
# Without user namespaces or mounts it cannot work, whatever is installed.
buildah --root "$1/root" --runroot "$1/run" info >/dev/null 2>"$1/why" || {
    echo "buildah does not run: $(tail -n 1 "$1/why")" >&2
    exit 1
}
