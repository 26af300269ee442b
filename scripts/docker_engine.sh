#!/usr/bin/env bash
# Makes a Docker engine answer, for the tests: installs Debian's package and starts the daemon
# where that is possible (as root), and says why not where it is not. Changes nothing if one answers.
set -uo pipefail

answers() { timeout 20 docker info >/dev/null 2>&1; }

# One at a time; the daemon itself must not hold the lock.
exec 9>"${TMPDIR:-/tmp}/kalelike-docker-engine.lock"
flock 9
if command -v docker >/dev/null 2>&1 && answers; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "no Docker engine answers, and only root can start one here" >&2
    exit 1
fi
if ! command -v dockerd >/dev/null 2>&1; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "no Docker engine is installed, and there is no apt-get to install one" >&2
        exit 1
    fi
    echo "installing docker.io" >&2
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq docker.io; } >/dev/null 2>&1 || {
        echo "docker.io cannot be installed" >&2
        exit 1
    }
fi
log=${TMPDIR:-/tmp}/kalelike-dockerd.log
# What a kernel lacks differs from machine to machine: the plainest options come last.
for options in "" "--iptables=false" "--iptables=false --storage-driver=vfs"; do
    echo "starting dockerd $options" >&2
    # shellcheck disable=SC2086
    setsid dockerd $options >"$log" 2>&1 </dev/null 9>&- &
    daemon=$!
    for _ in $(seq 60); do
        answers && exit 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.5
    done
    kill "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
done
echo "dockerd does not start: $(tail -n 3 "$log")" >&2
exit 1
