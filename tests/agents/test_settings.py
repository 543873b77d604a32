"""Settings are read from environment and file, and whatever is wrong with them is told at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.settings import known_names, read_settings
from schemas.problem import Refused
from schemas.settings import Address, Mechanism, Protocol, Settings, Transactions


def refusal(environment: dict[str, str]) -> list[str]:
    """The problems that an environment is refused with, as lines."""
    with pytest.raises(Refused) as refused:
        read_settings(environment)
    return [str(problem) for problem in refused.value.problems]


def test_without_any_variable_the_documented_defaults_hold() -> None:
    """The table of settings in the docs, line by line."""
    settings = read_settings({"PATH": "/bin"})

    assert settings == Settings()
    assert (settings.brokers, settings.prefix, settings.group) == ("localhost:9092", "casewatch", "casewatch")
    assert (settings.commit_interval, settings.transactions) == (200, Transactions.AUTO)
    assert (settings.http, settings.earliest) == (Address("127.0.0.1", 9464), datetime(1970, 1, 1, tzinfo=UTC))


def test_the_group_is_named_after_the_prefix_unless_it_is_given() -> None:
    """Two installations in a cluster differ by their prefix alone."""
    assert read_settings({"CASEWATCH_PREFIX": "second"}).group == "second"
    assert read_settings({"CASEWATCH_PREFIX": "second", "CASEWATCH_GROUP": "g"}).group == "g"


def test_every_mistake_is_told_at_once() -> None:
    """Five mistakes, five lines, each with its name, what is wrong and what would be right."""
    lines = refusal(
        {
            "CASEWATCH_BROKERS": "localhost",
            "CASEWATCH_COMMIT_INTERVAL": "200",
            "CASEWATCH_HTTP": "9464",
            "CASEWATCH_TRANSACTIONS": "maybe",
            "CASEWATCH_SECURITY_PROTOCOL": "sasl_ssl",
        }
    )

    assert sorted(line.split(": ")[1] for line in lines) == [
        "CASEWATCH_BROKERS",
        "CASEWATCH_COMMIT_INTERVAL",
        "CASEWATCH_HTTP",
        "CASEWATCH_SECURITY",
        "CASEWATCH_TRANSACTIONS",
    ]
    assert "environment:1: CASEWATCH_TRANSACTIONS: `maybe` is refused; input should be 'auto', 'on' or 'off'" in lines
    assert "environment:1: CASEWATCH_BROKERS: `localhost` is no host and port; write it like localhost:9092" in lines


def test_a_misspelt_setting_is_refused_with_the_one_that_was_meant() -> None:
    """A slip of the pen does not silently leave a default in force."""
    assert refusal({"CASEWATCH_BROKER": "a:1"}) == [
        "environment:1: CASEWATCH_BROKER: there is no such setting; did you mean CASEWATCH_BROKERS?"
    ]


def test_the_settings_of_tests_are_nobodys_business() -> None:
    """`CASEWATCH_TEST_…` is passed over."""
    assert read_settings({"CASEWATCH_TEST_DATA": "somewhere"}) == Settings()


def test_a_file_gives_settings_and_the_environment_overrides_it(tmp_path: Path) -> None:
    """Lines NAME=value; a mistake in the file is told with its line."""
    file = tmp_path / "settings"
    file.write_text("# where\nCASEWATCH_PREFIX=filed\n\nCASEWATCH_LOG=debug\nCASEWATCH_GROUP=g\n")

    settings = read_settings({"CASEWATCH_SETTINGS": str(file), "CASEWATCH_GROUP": "h"})
    file.write_text("CASEWATCH_PREFIX=filed\nnonsense\nCASEWATCH_HTTP=nowhere\n")
    lines = refusal({"CASEWATCH_SETTINGS": str(file)})

    assert (settings.prefix, settings.group, settings.log) == ("filed", "h", "debug")
    assert [line.removeprefix(str(file))[:18] for line in lines] == [":2: nonsense: this", ":3: CASEWATCH_HTTP"]


def test_a_secret_may_lie_in_a_file_and_is_never_printed(tmp_path: Path) -> None:
    """`…_FILE` reads it; neither the value nor a refusal shows it."""
    file = tmp_path / "key"
    file.write_text("very secret\n")

    settings = read_settings({"CASEWATCH_PSEUDONYM_KEY_FILE": str(file)})
    twice = refusal({"CASEWATCH_PSEUDONYM_KEY_FILE": str(file), "CASEWATCH_PSEUDONYM_KEY": "other secret"})

    assert settings.pseudonym_key is not None
    assert settings.pseudonym_key.get_secret_value() == "very secret"
    assert "secret" not in repr(settings)
    assert len(twice) == 1
    assert "secret" not in twice[0]


def test_sasl_over_tls_is_taken_whole() -> None:
    """User name, password and mechanism, as a managed Kafka wants them."""
    security = read_settings(
        {
            "CASEWATCH_SECURITY_PROTOCOL": "sasl_ssl",
            "CASEWATCH_SECURITY_SASL_MECHANISM": "scram-sha-512",
            "CASEWATCH_SECURITY_SASL_USERNAME": "watcher",
            "CASEWATCH_SECURITY_SASL_PASSWORD": "p",
        }
    ).security

    assert (security.protocol, security.sasl_mechanism) == (Protocol.SASL_SSL, Mechanism.SCRAM_SHA_512)


def test_every_setting_of_the_docs_is_known() -> None:
    """The names that users were promised."""
    names = "BROKERS PREFIX GROUP INSTANCE COMMIT_INTERVAL TRANSACTIONS HTTP PSEUDONYM_KEY EARLIEST LOG".split()

    assert {f"CASEWATCH_{name}" for name in names} <= known_names()
