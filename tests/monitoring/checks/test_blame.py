"""The table of blame: each rule decides where it should, and the circumstances decide between the rules."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.types import VenueMode
from monitoring.checks.blame import attribute, rule_for, table
from monitoring.checks.blame_rules import RULES
from monitoring.checks.circumstances import Circumstances, Finding
from monitoring.checks.outcomes import Blame, Cause, Condition, Confidence, Kind, Outcome, Verdict

HERE = Circumstances(is_on_this_machine=True, has_network=True, clock_offset_ms=0.0)
ONLINE = Circumstances(has_network=True, network_ms=80.0, clock_offset_ms=120.0)
OFFLINE = Circumstances(has_network=False)
UNTOLD = Circumstances()
OUR_CLOCK_OFF = Circumstances(has_network=True, clock_offset_ms=-61_000.0)

REST, STREAM = "/0/public/Time", "wss://ws.example/v2"


def condition(cause: Cause, error: str = "", endpoint: str = REST, **fields: Any) -> Condition:
    given = {"outcome": Outcome.FAILED, "blame": Blame.EXCHANGE} | fields
    return Condition("step", "succeeds", "did not", cause=cause, error=error, endpoint=endpoint, **given)


def known(base: Circumstances, **fields: Any) -> Circumstances:
    return Circumstances(**{name: getattr(base, name) for name in Circumstances.__slots__} | fields)


AUTH = Cause.AUTH_REJECTED
CASES: list[tuple[str, Kind, Condition, Circumstances, tuple[str, str, str, str]]] = [
    (
        "own rate",
        Kind.MARKETS,
        condition(Cause.RATE_LIMITED, "RateLimited"),
        ONLINE,
        ("inconclusive", "rate_limited", "own_rate", "high"),
    ),
    (
        "waiting our turn",
        Kind.CONNECTIVITY,
        condition(Cause.TIMEOUT, "TimeoutError"),
        known(ONLINE, told_to_wait=True),
        ("inconclusive", "rate_limited", "own_rate", "medium"),
    ),
    (
        "unreachable although we have a network",
        Kind.CONNECTIVITY,
        condition(Cause.TIMEOUT, "Timeout"),
        known(ONLINE, told_to_wait=True),
        ("failed", "timeout", "exchange", "high"),
    ),
    (
        "our process stood still",
        Kind.ORDER_BOOK,
        condition(Cause.SLOW_RECOVERY, outcome=Outcome.DEGRADED),
        known(ONLINE, stood_still_ms=1_200.0),
        ("inconclusive", "slow_recovery", "vantage", "medium"),
    ),
    (
        "our process stood still",
        Kind.MARKETS,
        condition(Cause.TIMEOUT, "TimeoutError", blame=Blame.CONNECTOR),
        known(ONLINE, stood_still_ms=1_200.0),
        ("inconclusive", "timeout", "vantage", "medium"),
    ),
    (
        "no credentials",
        Kind.AUTH,
        condition(Cause.NO_CREDENTIALS, outcome=Outcome.INCONCLUSIVE, blame=Blame.NONE),
        UNTOLD,
        ("inconclusive", "no_credentials", "none", "high"),
    ),
    (
        "our own set-up",
        Kind.AUTH,
        condition(Cause.NOT_SET_UP, "NotSetUp", outcome=Outcome.INCONCLUSIVE, blame=Blame.VANTAGE),
        ONLINE,
        ("inconclusive", "not_set_up", "vantage", "high"),
    ),
    (
        "our own code",
        Kind.PAPER_ORDER,
        condition(Cause.CONNECTOR_ERROR, "KeyError"),
        ONLINE,
        ("failed", "connector_error", "connector", "high"),
    ),
    (
        "our own code",
        Kind.MARKETS,
        condition(Cause.TIMEOUT, "TimeoutError", blame=Blame.CONNECTOR),
        OFFLINE,
        ("failed", "timeout", "connector", "high"),
    ),
    (
        "announced maintenance",
        Kind.ORDER_BOOK,
        condition(Cause.STALE_DATA, "Stale", STREAM),
        known(ONLINE, venue_mode=VenueMode.MAINTENANCE),
        ("failed", "exchange_maintenance", "exchange", "high"),
    ),
    (
        "announced maintenance",
        Kind.PAPER_ORDER,
        condition(Cause.ORDER_REFUSED, "Rejected"),
        known(ONLINE, venue_mode=VenueMode.MAINTENANCE),
        ("failed", "exchange_maintenance", "exchange", "high"),
    ),
    (
        "announced restriction",
        Kind.PAPER_ORDER,
        condition(Cause.ORDER_REFUSED, "Rejected"),
        known(ONLINE, venue_mode=VenueMode.CANCEL_ONLY),
        ("degraded", "exchange_maintenance", "exchange", "high"),
    ),
    (
        "announced restriction",
        Kind.PAPER_ORDER,
        condition(Cause.VENUE_ERROR, "Unavailable"),
        known(ONLINE, venue_mode=VenueMode.POST_ONLY),
        ("degraded", "exchange_maintenance", "exchange", "high"),
    ),
    (
        "an error of its own",
        Kind.CANDLES,
        condition(Cause.VENUE_ERROR, "Unavailable"),
        known(ONLINE, venue_mode=VenueMode.POST_ONLY),
        ("failed", "venue_error", "exchange", "high"),
    ),
    (
        "announced by itself",
        Kind.CONNECTIVITY,
        condition(Cause.EXCHANGE_MAINTENANCE),
        UNTOLD,
        ("failed", "exchange_maintenance", "exchange", "high"),
    ),
    (
        "turned away at the door",
        Kind.MARKETS,
        condition(Cause.ADDRESS_REFUSED, "AddressRefused"),
        ONLINE,
        ("inconclusive", "address_refused", "vantage", "medium"),
    ),
    (
        "no network here",
        Kind.MARKETS,
        condition(Cause.TRANSPORT, "Unreachable"),
        OFFLINE,
        ("inconclusive", "no_network", "vantage", "high"),
    ),
    (
        "no network here",
        Kind.CANDLES,
        condition(Cause.TIMEOUT, "Timeout"),
        OFFLINE,
        ("inconclusive", "no_network", "vantage", "high"),
    ),
    (
        "old data that arrived",
        Kind.CANDLES,
        condition(Cause.STALE_DATA),
        OFFLINE,
        ("failed", "stale_data", "exchange", "high"),
    ),
    (
        "slow network here",
        Kind.MARKETS,
        condition(Cause.TIMEOUT, "Timeout"),
        known(ONLINE, network_ms=4_000.0),
        ("inconclusive", "timeout", "vantage", "medium"),
    ),
    (
        "slow network here",
        Kind.CONNECTIVITY,
        condition(Cause.SLOW, outcome=Outcome.DEGRADED),
        known(ONLINE, network_ms=2_000.0),
        ("inconclusive", "slow", "vantage", "medium"),
    ),
    (
        "as measured",
        Kind.CONNECTIVITY,
        condition(Cause.SLOW, outcome=Outcome.DEGRADED),
        ONLINE,
        ("degraded", "slow", "exchange", "high"),
    ),
    (
        "our clock",
        Kind.CONNECTIVITY,
        condition(Cause.CLOCK_SKEW),
        OUR_CLOCK_OFF,
        ("inconclusive", "clock_skew", "vantage", "high"),
    ),
    (
        "our clock",
        Kind.AUTH,
        condition(AUTH, "InvalidTimestamp"),
        OUR_CLOCK_OFF,
        ("inconclusive", "clock_skew", "vantage", "high"),
    ),
    (
        "the venue's clock",
        Kind.CONNECTIVITY,
        condition(Cause.CLOCK_SKEW),
        ONLINE,
        ("failed", "clock_skew", "exchange", "high"),
    ),
    (
        "two clocks",
        Kind.CONNECTIVITY,
        condition(Cause.CLOCK_SKEW),
        UNTOLD,
        ("inconclusive", "clock_skew", "none", "low"),
    ),
    (
        "timestamp against the venue's wrong clock",
        Kind.AUTH,
        condition(AUTH, "InvalidTimestamp"),
        known(ONLINE, venue_offset_ms=60_000.0),
        ("failed", "clock_skew", "exchange", "high"),
    ),
    (
        "timestamp between two clocks",
        Kind.AUTH,
        condition(AUTH, "InvalidTimestamp"),
        known(UNTOLD, venue_offset_ms=-60_000.0),
        ("inconclusive", "clock_skew", "none", "low"),
    ),
    (
        "a good timestamp",
        Kind.AUTH,
        condition(AUTH, "InvalidTimestamp"),
        known(HERE, venue_offset_ms=3.0),
        ("failed", "auth_rejected", "exchange", "medium"),
    ),
    (
        "a token of its own",
        Kind.ORDER_BOOK,
        condition(AUTH, "AuthRejected", STREAM),
        ONLINE,
        ("failed", "token_refused", "exchange", "medium"),
    ),
    (
        "a token of its own",
        Kind.AUTH,
        condition(Cause.TOKEN_REFUSED, "TokenRefused"),
        ONLINE,
        ("failed", "token_refused", "exchange", "medium"),
    ),
    (
        "a token of its own",
        Kind.AUTH,
        condition(AUTH, "AuthRejected", STREAM),
        known(ONLINE, key_accepted=True),
        ("failed", "token_refused", "exchange", "medium"),
    ),
    (
        "the key",
        Kind.AUTH,
        condition(AUTH, "PermissionDenied", STREAM, blame=Blame.CREDENTIALS),
        known(ONLINE, key_accepted=True),
        ("failed", "auth_rejected", "credentials", "high"),
    ),
    (
        "signed wrongly",
        Kind.PAPER_ORDER,
        condition(AUTH, "InvalidSignature", blame=Blame.CREDENTIALS),
        known(ONLINE, key_accepted=True),
        ("failed", "auth_rejected", "connector", "medium"),
    ),
    (
        "the key",
        Kind.AUTH,
        condition(AUTH, "InvalidPassphrase", blame=Blame.CREDENTIALS),
        known(ONLINE, key_accepted=True),
        ("failed", "auth_rejected", "credentials", "high"),
    ),
    (
        "the secret, or a nonce used elsewhere",
        Kind.AUTH,
        condition(AUTH, "InvalidSignature", blame=Blame.CREDENTIALS),
        ONLINE,
        ("failed", "auth_rejected", "credentials", "medium"),
    ),
    (
        "the secret, or a nonce used elsewhere",
        Kind.AUTH,
        condition(AUTH, "InvalidTimestamp", blame=Blame.CREDENTIALS),
        UNTOLD,
        ("failed", "auth_rejected", "credentials", "medium"),
    ),
    (
        "what the key may do",
        Kind.AUTH,
        condition(Cause.KEY_MAY_WITHDRAW, outcome=Outcome.DEGRADED),
        ONLINE,
        ("degraded", "key_may_withdraw", "credentials", "high"),
    ),
    (
        "the account's money",
        Kind.PAPER_ORDER,
        condition(Cause.NO_FUNDS, "InsufficientFunds"),
        ONLINE,
        ("inconclusive", "no_funds", "credentials", "high"),
    ),
    (
        "one format changed",
        Kind.MARKETS,
        condition(Cause.MALFORMED_PAYLOAD, "UnexpectedShape"),
        known(ONLINE, others_read=True),
        ("failed", "malformed_payload", "connector", "medium"),
    ),
    (
        "a format changed",
        Kind.MARKETS,
        condition(Cause.MALFORMED_PAYLOAD, "UnexpectedShape"),
        ONLINE,
        ("failed", "malformed_payload", "connector", "low"),
    ),
    (
        "as measured",
        Kind.MARKETS,
        condition(Cause.MALFORMED_PAYLOAD, "MalformedPayload"),
        known(ONLINE, others_read=True),
        ("failed", "malformed_payload", "exchange", "high"),
    ),
    (
        "unreachable from here alone or not",
        Kind.MARKETS,
        condition(Cause.TRANSPORT, "Unreachable"),
        UNTOLD,
        ("failed", "transport", "exchange", "low"),
    ),
    (
        "unreachable on this machine",
        Kind.MARKETS,
        condition(Cause.TIMEOUT, "Timeout"),
        HERE,
        ("failed", "timeout", "exchange", "high"),
    ),
    (
        "unreachable although we have a network",
        Kind.MARKETS,
        condition(Cause.TRANSPORT, "Unreachable"),
        ONLINE,
        ("failed", "transport", "exchange", "high"),
    ),
    (
        "an order by the book",
        Kind.PAPER_ORDER,
        condition(Cause.ORDER_REFUSED, "Rejected"),
        known(ONLINE, venue_mode=VenueMode.ONLINE),
        ("failed", "order_refused", "exchange", "medium"),
    ),
    (
        "an error of its own",
        Kind.CANDLES,
        condition(Cause.VENUE_ERROR, "Unavailable"),
        known(ONLINE, venue_mode=VenueMode.ONLINE),
        ("failed", "venue_error", "exchange", "high"),
    ),
    (
        "a refusal in its own words",
        Kind.CANDLES,
        condition(Cause.VENUE_ERROR, "Rejected"),
        ONLINE,
        ("failed", "venue_error", "exchange", "low"),
    ),
    (
        "as measured",
        Kind.ORDER_BOOK,
        condition(Cause.CHECKSUM_MISMATCH, confidence=Confidence.MEDIUM),
        ONLINE,
        ("failed", "checksum_mismatch", "exchange", "medium"),
    ),
]


@pytest.mark.parametrize(("rule", "kind", "found", "circumstances", "concluded"), CASES)
def test_a_finding_is_decided_by_the_rule_that_its_circumstances_call_for(
    rule: str, kind: Kind, found: Condition, circumstances: Circumstances, concluded: tuple[str, ...]
) -> None:
    verdict = attribute(kind, Verdict.of([found], when_ok=""), {found: circumstances})

    assert rule_for(Finding(kind, found), circumstances).name == rule
    assert (verdict.outcome, verdict.cause, verdict.blame, verdict.confidence) == concluded
    assert verdict.summary.endswith(("step: did not", "(step: did not)"))


def test_every_rule_is_tried_here() -> None:
    assert [rule.name for rule in RULES if rule.name not in {name for name, *_ in CASES}] == []


def test_each_rule_is_a_row_of_the_printed_table() -> None:
    rows = table()

    assert len({row.name for row in rows}) == len(rows) == len(RULES)
    first = rows[0]
    assert (first.outcome, first.cause, first.blame, first.confidence) == ("inconclusive", "–", "own_rate", "high")
    assert rows[-1].when == "anything else"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_reason_is_a_whole_sentence_whatever_is_known(rule: Any) -> None:
    for circumstances in (UNTOLD, HERE, known(ONLINE, venue_offset_ms=1.0, venue_said="open")):
        sentence = rule.reason.format(**circumstances.facts())

        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "None" not in sentence


def test_what_is_taken_off_the_worst_finding_leaves_the_next_to_decide() -> None:
    unreachable = condition(Cause.TRANSPORT, "Unreachable", STREAM)
    slow = condition(Cause.SLOW, outcome=Outcome.DEGRADED)
    circumstances = {unreachable: OFFLINE, slow: ONLINE}

    verdict = attribute(Kind.CONNECTIVITY, Verdict.of([unreachable, slow], when_ok=""), circumstances)

    assert (verdict.outcome, verdict.cause) == (Outcome.DEGRADED, Cause.SLOW)
    assert [entry.cause for entry in verdict.conditions] == [Cause.NO_NETWORK, Cause.SLOW]


def test_a_verdict_says_what_it_rests_on_and_what_the_venue_says_of_itself() -> None:
    refused = condition(Cause.PROTOCOL_VIOLATION)
    circumstances = known(ONLINE, venue_mode=VenueMode.ONLINE, venue_said="open")

    verdict = attribute(Kind.MARKETS, Verdict.of([refused], when_ok=""), {refused: circumstances})

    assert verdict.reasons == (
        "It was measured on what the venue itself sent.",
        "The venue's own status feed says “open”.",
    )


def test_a_good_verdict_has_a_reason_as_well() -> None:
    good = Verdict.of([Condition("pair_listed", "listed", "listed")], when_ok="all is well")

    verdict = attribute(Kind.MARKETS, good, {})

    assert (verdict.outcome, verdict.summary, verdict.reasons) == (
        Outcome.OK,
        "all is well",
        ("Every condition is met.",),
    )
