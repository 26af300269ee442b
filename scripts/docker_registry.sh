#!/usr/bin/env bash
# Runs an image registry on a free port of this machine, for the tests; prints its address and
# stays. Usage: docker_registry.sh FOLDER. Installs Debian's docker-registry where root may.
set -uo pipefail
folder=$1

if ! command -v docker-registry >/dev/null 2>&1; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 1
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq docker-registry; } >/dev/null 2>&1 || exit 1
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$folder/config.yml" <<CONFIG
version: 0.1
storage: {filesystem: {rootdirectory: $folder/data}}
http: {addr: "127.0.0.1:$port"}
CONFIG
docker-registry serve "$folder/config.yml" >"$folder/log" 2>&1 &
server=$!
trap 'kill $server' TERM EXIT
for _ in $(seq 100); do
    (echo >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
echo "127.0.0.1:$port"
wait "$server"
