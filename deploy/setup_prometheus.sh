#!/usr/bin/env bash
# Makes sure that Prometheus and promtool are there for the tests; installs Debian's package where root may.
# The tests start a server of their own on a port of their own, so a daemon that already runs does not matter.
set -euo pipefail

present() {
    command -v prometheus >/dev/null && command -v promtool >/dev/null
}

present && exit 0
install='apt-get update && apt-get install -y --no-install-recommends prometheus'

if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    # RUNLEVEL=1 keeps the package from starting its daemon where init scripts do it: only the program is wanted.
    export RUNLEVEL=1
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends prometheus >&2
fi

present || {
    printf 'setup: %s\n' \
        "no prometheus and promtool on this machine; the tests run every dashboard query against a real one." \
        "As root on Debian and Ubuntu: $install" \
        "Elsewhere: put the prometheus and promtool programs of a 2.42 or newer release on PATH." >&2
    exit 1
}
