#!/usr/bin/env bash
# Installs the locked Python packages and the project into .venv. Usage: setup_python.sh runtime|all
# A second call does nothing unless a lock file, pyproject.toml or the interpreter changed: the stamp holds their hash.
set -euo pipefail
cd "$(dirname "$0")/.."

scope=${1:?runtime or all}
python=${PYTHON:-python3}
venv=.venv

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

command -v "$python" >/dev/null || fail \
    "no $python on this machine; Casewatch needs Python 3.11 or newer." \
    "Debian and Ubuntu: apt-get update && apt-get install -y python3 python3-venv" \
    "or name another one: make setup PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail \
    "$python is $("$python" --version 2>&1), and Casewatch needs Python 3.11 or newer." \
    "Name a newer one: make setup PYTHON=python3.11 (Debian 12: apt-get update && apt-get install -y python3 python3-venv)"
version=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info[:2]))')
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail \
    "$python (Python $version) has no venv or ensurepip module, which Debian and Ubuntu package apart." \
    "apt-get update && apt-get install -y python$version-venv"

# The stamp of a scope holds a hash of all that decides what is installed for it.
identity() {
    local locks=(requirements/{build,runtime,embedded}.txt)
    [ "$1" = runtime ] || locks+=(requirements/test.txt)
    { "$python" -VV; pwd; cat "${locks[@]}" pyproject.toml "$0"; } | sha256sum | cut -d' ' -f1
}
stamp=build/setup-$scope.stamp
[ -x "$venv/bin/casewatch" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(identity "$scope")" ] && exit 0

# A venv of another interpreter or of a copied folder cannot be mended, only made anew.
if ! "$venv/bin/python" -c "import sys; sys.exit('{}.{}'.format(*sys.version_info[:2]) != '$version')" 2>/dev/null ||
    ! grep -qsF "$PWD/$venv" "$venv/bin/activate"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

# Wheels only: a source package would be built with a backend that nobody pinned.
pip=("$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input)
locked=(install --require-hashes --no-deps --only-binary :all:)
"${pip[@]}" "${locked[@]}" -r requirements/build.txt
"${pip[@]}" "${locked[@]}" -r requirements/runtime.txt -r requirements/embedded.txt
[ "$scope" = runtime ] || "${pip[@]}" "${locked[@]}" -r requirements/test.txt
# The backend is in the environment already. It warns that an editable installation is one; that is meant.
PYTHONWARNINGS=ignore "${pip[@]}" install --no-build-isolation --no-deps --editable .

mkdir -p build
identity runtime >build/setup-runtime.stamp
[ "$scope" = runtime ] || identity all >build/setup-all.stamp
