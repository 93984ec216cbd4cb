"""Every error of the tree has its reading, and nothing that is raised escapes one."""

from __future__ import annotations

import pytest

from connectors import errors
from monitoring.checks.causes import Failure, read_error
from monitoring.checks.outcomes import SUCCEEDS, Blame, Cause, Confidence, Outcome

EXPECTED: dict[type[errors.ConnectorError], tuple[str, str, str]] = {
    errors.ConnectorError: ("connector_error", "connector", "failed"),
    errors.UsageError: ("connector_error", "connector", "failed"),
    errors.NotSetUp: ("not_set_up", "vantage", "inconclusive"),
    errors.UnknownConnector: ("connector_error", "connector", "failed"),
    errors.UnknownPair: ("pair_unavailable", "exchange", "failed"),
    errors.UnknownInterval: ("connector_error", "connector", "failed"),
    errors.TransportError: ("transport", "exchange", "failed"),
    errors.Unreachable: ("transport", "exchange", "failed"),
    errors.Timeout: ("timeout", "exchange", "failed"),
    errors.Disconnected: ("transport", "exchange", "failed"),
    errors.Stale: ("stale_data", "exchange", "failed"),
    errors.VenueError: ("venue_error", "exchange", "failed"),
    errors.RateLimited: ("rate_limited", "own_rate", "inconclusive"),
    errors.Unavailable: ("venue_error", "exchange", "failed"),
    errors.Maintenance: ("exchange_maintenance", "exchange", "failed"),
    errors.TokenRefused: ("token_refused", "exchange", "failed"),
    errors.Rejected: ("venue_error", "exchange", "failed"),
    errors.InsufficientFunds: ("no_funds", "credentials", "inconclusive"),
    errors.AddressRefused: ("address_refused", "vantage", "inconclusive"),
    errors.AuthRejected: ("auth_rejected", "credentials", "failed"),
    errors.InvalidKey: ("auth_rejected", "credentials", "failed"),
    errors.InvalidSignature: ("auth_rejected", "credentials", "failed"),
    errors.InvalidNonce: ("auth_rejected", "credentials", "failed"),
    errors.InvalidTimestamp: ("auth_rejected", "credentials", "failed"),
    errors.InvalidPassphrase: ("auth_rejected", "credentials", "failed"),
    errors.PermissionDenied: ("auth_rejected", "credentials", "failed"),
    errors.DataError: ("protocol_violation", "exchange", "failed"),
    errors.MalformedPayload: ("malformed_payload", "exchange", "failed"),
    errors.UnexpectedShape: ("malformed_payload", "connector", "failed"),
    errors.MessageTooLarge: ("message_too_large", "exchange", "failed"),
    errors.SequenceGap: ("sequence_gap", "exchange", "failed"),
    errors.ChecksumMismatch: ("checksum_mismatch", "exchange", "failed"),
    errors.CrossedBook: ("crossed_book", "exchange", "failed"),
    errors.LockedBook: ("locked_book", "exchange", "failed"),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_error_of_the_tree_has_its_cause_blame_and_outcome(kind: type[errors.ConnectorError]) -> None:
    reading = read_error(kind("something"))

    assert (reading.cause, reading.blame, reading.outcome) == EXPECTED[kind]


def test_the_table_above_is_complete() -> None:
    def family(kind: type[errors.ConnectorError]) -> set[type[errors.ConnectorError]]:
        return {kind}.union(*map(family, kind.__subclasses__()))

    tree = {kind for kind in family(errors.ConnectorError) if kind.__module__ == errors.__name__}
    assert tree == set(EXPECTED)


def test_a_deadline_of_ours_reads_as_a_timeout() -> None:
    failure = Failure.of(TimeoutError(), step="balances")

    assert (failure.cause, failure.blame, failure.is_transient) == (Cause.TIMEOUT, Blame.EXCHANGE, True)
    assert failure.message == "no result within the check's deadline"


def test_an_unforeseen_error_is_the_connectors_and_shows_where_but_not_what_it_said() -> None:
    try:
        int("s3cret")
    except ValueError as error:
        failure = Failure.of(error, step="balances")

    assert (failure.error, failure.cause, failure.blame) == (
        "ValueError",
        Cause.CONNECTOR_ERROR,
        Blame.CONNECTOR,
    )
    assert failure.message.startswith("at test_causes.py:")
    assert "s3cret" not in failure.message


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert Failure.of(KeyError("x"), step="balances").condition().seen == "KeyError"


def test_a_long_message_is_cut_and_kept_on_one_line() -> None:
    failure = Failure.of(errors.MalformedPayload("<html>\n" * 1000, venue="kraken"), step="server_time")

    assert 290 < len(failure.message) <= 300
    assert failure.message.startswith("kraken: <html> <html>")
    assert failure.message.endswith("…")


def test_a_failure_becomes_a_condition_named_after_its_step() -> None:
    condition = Failure.of(errors.InvalidKey("EAPI:Invalid key", venue="kraken"), step="balances").condition()

    assert (condition.name, condition.limit) == ("balances", SUCCEEDS)
    assert condition.seen == "InvalidKey: kraken: EAPI:Invalid key"
    assert condition.outcome is Outcome.FAILED


def test_a_failure_hands_on_where_it_was_met_and_by_which_error() -> None:
    refused = errors.Rejected("no", venue="kraken", endpoint="AddOrder")

    condition = Failure.of(refused, step="venue_validation").condition()

    assert (condition.error, condition.endpoint, condition.confidence) == ("Rejected", "AddOrder", Confidence.LOW)
