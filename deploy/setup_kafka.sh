#!/usr/bin/env bash
# Fetches the jars of the tests' Apache Kafka into build/kafka/lib and checks each against deploy/kafka/SHA256SUMS.
# A jar that differs, is missing or is not listed is an error: nothing runs that was not looked at.
set -euo pipefail
cd "$(dirname "$0")/.."

sums=$PWD/deploy/kafka/SHA256SUMS
lib=build/kafka/lib

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

verified() {
    [ -d "$lib" ] || return 1
    (cd "$lib" && sha256sum --check --strict --quiet "$sums") || return 1
    local unlisted
    unlisted=$(comm -13 <(awk '{print $2}' "$sums" | sort) <(ls "$lib" | sort))
    [ -z "$unlisted" ] || { printf 'setup: jar not listed in deploy/kafka/SHA256SUMS: %s\n' $unlisted >&2; return 1; }
}

command -v java >/dev/null || fail \
    "no java on this machine; the tests run against a real Apache Kafka, which needs Java 17 or newer." \
    "Debian and Ubuntu: apt-get update && apt-get install -y openjdk-17-jre-headless"
java_version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${java_version:-0}" -ge 17 ] || fail \
    "java is version ${java_version:-unknown}; Apache Kafka 4 needs 17 or newer." \
    "Debian and Ubuntu: apt-get update && apt-get install -y openjdk-17-jre-headless"

verified 2>/dev/null && exit 0

command -v mvn >/dev/null || fail \
    "no mvn on this machine; Maven fetches the jars of the tests' Apache Kafka." \
    "Debian and Ubuntu: apt-get update && apt-get install -y maven"
rm -rf "$lib"
mvn --batch-mode --quiet --file deploy/kafka/pom.xml dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$PWD/$lib"
verified || {
    rm -rf "$lib"
    fail "the jars that Maven fetched are not the ones listed in deploy/kafka/SHA256SUMS (see above); they were removed."
}
