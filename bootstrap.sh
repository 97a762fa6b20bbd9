#!/bin/sh
# Makes the environment: finds a CPython, creates the venv, installs the hashed lock and this project (editable).
# Usage: sh bootstrap.sh VENV          PYTHON=/path/to/python3 chooses the interpreter.
set -eu

venv=${1:-.venv}
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }

# 0 = usable, 2 = no such command, 3 = not CPython 3.11 or newer, 4 = its venv module is incomplete
probe() {
    command -v "$1" >/dev/null 2>&1 || return 2
    "$1" - "$2" <<'PYTHON' 2>/dev/null
import sys
if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= tuple(map(int, sys.argv[1].split("."))):
    sys.exit(3)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(4)
PYTHON
    code=$?
    case $code in 0 | 3 | 4) return $code ;; *) return 3 ;; esac
}

find_python() {
    lacking=
    # The releases that the tests run on come first; a newer one is taken where there is no other.
    for newest in 3.13 3.99; do
        for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
            code=0
            probe "$candidate" "$newest" || code=$?
            if [ $code -eq 0 ]; then
                command -v "$candidate"
                return 0
            fi
            if [ $code -eq 4 ]; then lacking=${lacking:-$candidate}; fi
        done
    done
    if [ -n "$lacking" ]; then
        say "Blueline: $lacking has no venv module. Remedy: install it (Debian, Ubuntu: apt install python3-venv)."
    elif [ -n "${PYTHON:-}" ]; then
        say "Blueline: PYTHON=$PYTHON is not a CPython 3.11 or newer."
    else
        found=$(command -v python3 >/dev/null 2>&1 && python3 --version 2>&1 || true)
        say "Blueline: CPython 3.11 or newer is needed; python3 here is: ${found:-missing}."
        say "Remedy: install one (Debian 12, Ubuntu 24.04: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3 ..."
    fi
    return 1
}

# The lines of one package in the lock, hashes included.
locked() { awk -v name="$1" '/^[a-zA-Z0-9]/ { on = index($0, name "==") == 1 } /^[^ #]|^ +--hash/ { if (on) print }' requirements.lock; }

# One that was interrupted while it was made has no pip yet
if ! "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python) || exit 1
    say "Creating $venv with $("$python" --version 2>&1) ($python)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

say "Installing the packages of requirements.lock"
unset PYTHONDONTWRITEBYTECODE # the compiled bytecode halves the time that every process takes to start
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet --no-input"
tools=$(mktemp)
trap 'rm -f "$tools"' EXIT INT TERM
locked uv >"$tools"
# shellcheck disable=SC2086
if $pip install --require-hashes --no-deps -r "$tools" &&
    VIRTUAL_ENV="$PWD/$venv" UV_PYTHON="$PWD/$venv/bin/python" \
        "$venv/bin/uv" pip sync --quiet --require-hashes --compile-bytecode requirements.lock; then
    :
else
    say "The fast installer could not do it (it does not read pip's configuration); trying pip itself, which takes longer"
    $pip install --require-hashes --no-deps -r requirements.lock
    "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" || true # some packages carry templates that are no Python
fi
# shellcheck disable=SC2086
$pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip --upgrade >/dev/null
$pip install --no-deps --no-build-isolation --editable .
say "Installed in $venv"
