# Sourced by the entry scripts: makes .venv beside pyproject.toml and installs the project into it.
# Usage: source scripts/venv.sh; make_venv EXTRA
# An install is repeated only when pyproject.toml, the pins or the extra have changed.

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    echo "Python 3.11 or newer is needed; set PYTHON to one." >&2
    return 1
}

make_venv() {
    local extra=$1 python stamp wanted
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python) || return 1
        echo "making .venv with $("$python" --version)" >&2
        "$python" -m venv .venv || {
            rm -rf .venv
            echo "$python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2
            return 1
        }
    fi
    stamp=.venv/kalelike-installed
    wanted="$extra $(cat pyproject.toml tests/constraints.txt | cksum)"
    # What the larger extra installed serves the smaller one too.
    if [ -f "$stamp" ] && grep -qxF -e "$wanted" -e "dev ${wanted#* }" "$stamp"; then
        return 0
    fi
    echo "installing kalelike[$extra] into .venv" >&2
    install_project "$extra" || return 1
    # An editable install leaves this to the first use, which some environments forbid.
    .venv/bin/python -m compileall -q kalelike
    echo "$wanted" >"$stamp"
}

install_project() {
    local pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input)
    # The pins are what the tests last passed with; a Python without wheels for them takes the newest.
    "${pip[@]}" --editable ".[$1]" --constraint tests/constraints.txt && return 0
    echo "the pinned versions cannot be installed here; taking the newest" >&2
    "${pip[@]}" --editable ".[$1]"
}
