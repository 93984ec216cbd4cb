"""Whose fault a finding is: one table of rules, read from the top, the first that fits decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connectors.types import VenueMode
from monitoring.checks.circumstances import Circumstances, Finding
from monitoring.checks.outcomes import Blame, Cause, Confidence, Kind, Outcome

if TYPE_CHECKING:
    from monitoring.checks.outcomes import Condition

HIGH, MEDIUM, LOW = Confidence

SLOW_HERE_MS = 1_500.0
"""Unrelated hosts that take as long for one small answer are behind a slow network of ours."""

STOOD_STILL_MS = 1_000.0
"""A process that does nothing for so long is no fair judge of what took how long."""

RESTRICTED = frozenset({VenueMode.CANCEL_ONLY, VenueMode.POST_ONLY, VenueMode.LIMIT_ONLY})

Test = Callable[[Finding, Circumstances], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is concluded where a finding has one of *causes* (any, if empty), one of *errors* likewise, and *holds*.

    *when* says the same in words. What it concludes is left as the check found it where None. *reason* is a whole
    sentence that may name the circumstances; *headline* goes before the summary.
    """

    name: str
    when: str
    reason: str
    causes: frozenset[Cause] = frozenset()
    errors: frozenset[str] = frozenset()
    holds: Test = field(default=lambda finding, known: True)
    outcome: Outcome | None = None
    cause: Cause | None = None
    blame: Blame | None = None
    confidence: Confidence | None = None
    headline: str = ""

    def fits(self, finding: Finding, known: Circumstances) -> bool:
        condition = finding.condition
        return (
            (not self.causes or condition.cause in self.causes)
            and (not self.errors or condition.error in self.errors)
            and self.holds(finding, known)
        )

    def apply(self, condition: Condition) -> Condition:
        return replace(
            condition,
            outcome=self.outcome or condition.outcome,
            cause=self.cause or condition.cause,
            blame=self.blame or condition.blame,
            confidence=self.confidence or condition.confidence,
        )


def _is_about_the_clock(finding: Finding) -> bool:
    return finding.condition.cause is Cause.CLOCK_SKEW or finding.condition.error == "InvalidTimestamp"


UNREACHED = frozenset({Cause.TRANSPORT, Cause.TIMEOUT, Cause.STALE_DATA})
"""What a place without a network sees of every venue."""

REFUSED = frozenset({Cause.VENUE_ERROR, Cause.ORDER_REFUSED})

RULES: tuple[Rule, ...] = (
    Rule(
        "own rate",
        "we were told to ask less often",
        "The venue, or our own limit on its behalf, told us to ask less often: nothing was learnt about it.",
        causes=frozenset({Cause.RATE_LIMITED}),
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.OWN_RATE,
        confidence=HIGH,
    ),
    Rule(
        "waiting our turn",
        "our own deadline passed, and the venue had told us in the same run to ask less often",
        "The venue told us to ask less often, and the deadline passed while we held back.",
        causes=frozenset({Cause.TIMEOUT}),
        errors=frozenset({"TimeoutError"}),
        holds=lambda finding, known: known.told_to_wait,
        outcome=Outcome.INCONCLUSIVE,
        cause=Cause.RATE_LIMITED,
        blame=Blame.OWN_RATE,
        confidence=MEDIUM,
        headline="held back by our own rate limit",
    ),
    Rule(
        "our process stood still",
        "slow, or too late, and our own process did nothing for a second or more of the run",
        "Our own process stood still for {stood_still} meanwhile, so it cannot tell who was slow.",
        causes=frozenset({Cause.SLOW, Cause.SLOW_RECOVERY, Cause.TIMEOUT}),
        holds=lambda finding, known: known.stood_still_ms >= STOOD_STILL_MS,
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.VANTAGE,
        confidence=MEDIUM,
        headline="our own process stood still",
    ),
    Rule(
        "no credentials",
        "no key is configured",
        "Without a key there is nothing to try, and nobody owes us one.",
        causes=frozenset({Cause.NO_CREDENTIALS}),
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.NONE,
        confidence=HIGH,
    ),
    Rule(
        "our own set-up",
        "something that is configured on this machine cannot be used",
        "It went wrong here, before the venue was asked: something that is configured on this machine is to be mended.",
        causes=frozenset({Cause.NOT_SET_UP}),
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.VANTAGE,
        confidence=HIGH,
    ),
    Rule(
        "our own code",
        "the connector, or the paper engine, raised what no answer of a venue explains, or did not let go in time",
        "No answer of a venue explains it: it happened in our own code.",
        holds=lambda finding, known: (
            finding.condition.cause is Cause.CONNECTOR_ERROR
            or (finding.condition.cause is Cause.TIMEOUT and finding.condition.blame is Blame.CONNECTOR)
        ),
        blame=Blame.CONNECTOR,
        confidence=HIGH,
    ),
    Rule(
        "announced maintenance",
        "refused, cut off or silent, and the venue's status feed says maintenance",
        "The venue's own status feed says “{said}”.",
        causes=UNREACHED | REFUSED,
        holds=lambda finding, known: known.venue_mode is VenueMode.MAINTENANCE,
        cause=Cause.EXCHANGE_MAINTENANCE,
        blame=Blame.EXCHANGE,
        confidence=HIGH,
        headline="the venue says that it is under maintenance",
    ),
    Rule(
        "announced restriction",
        "an order is refused, and the status feed says cancel-only, post-only or limit-only",
        "The venue's own status feed says “{said}”, and that it does: it is restricted, not broken.",
        causes=REFUSED,
        holds=lambda finding, known: finding.kind is Kind.PAPER_ORDER and known.venue_mode in RESTRICTED,
        outcome=Outcome.DEGRADED,
        cause=Cause.EXCHANGE_MAINTENANCE,
        blame=Blame.EXCHANGE,
        confidence=HIGH,
        headline="the venue says that it restricts trading",
    ),
    Rule(
        "announced by itself",
        "the venue answers that it is under maintenance or restricted",
        "The venue says so itself.",
        causes=frozenset({Cause.EXCHANGE_MAINTENANCE}),
        blame=Blame.EXCHANGE,
        confidence=HIGH,
    ),
    Rule(
        "turned away at the door",
        "the venue's edge answers 403 or 451",
        "The venue turns away whoever asks from this address or region; others may trade meanwhile.",
        causes=frozenset({Cause.ADDRESS_REFUSED}),
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.VANTAGE,
        confidence=MEDIUM,
    ),
    Rule(
        "old data that arrived",
        "candles are read, and the newest one is old",
        "The candles arrived, so that no network of ours was in the way: they are old by their own times.",
        causes=frozenset({Cause.STALE_DATA}),
        holds=lambda finding, known: finding.kind is Kind.CANDLES,
        blame=Blame.EXCHANGE,
    ),
    Rule(
        "no network here",
        "unreachable, timed out or silent, and the control hosts do not answer either",
        "Unrelated hosts do not answer from here either.",
        causes=UNREACHED,
        holds=lambda finding, known: known.has_network is False,
        outcome=Outcome.INCONCLUSIVE,
        cause=Cause.NO_NETWORK,
        blame=Blame.VANTAGE,
        confidence=HIGH,
        headline="no network here: unrelated hosts do not answer either",
    ),
    Rule(
        "slow network here",
        "slow or timed out, and the control hosts are slow as well",
        "Unrelated hosts took {network_ms} to answer as well: the network here is slow.",
        causes=frozenset({Cause.SLOW, Cause.SLOW_RECOVERY, Cause.TIMEOUT}),
        holds=lambda finding, known: (known.network_ms or 0.0) > SLOW_HERE_MS,
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.VANTAGE,
        confidence=MEDIUM,
        headline="unrelated hosts are as slow from here",
    ),
    Rule(
        "our clock",
        "the clocks differ, or our timestamp is refused, and by the control hosts it is ours that is wrong",
        "Unrelated hosts put our own clock {our_offset} off.",
        holds=lambda finding, known: _is_about_the_clock(finding) and known.is_our_clock_right is False,
        outcome=Outcome.INCONCLUSIVE,
        cause=Cause.CLOCK_SKEW,
        blame=Blame.VANTAGE,
        confidence=HIGH,
        headline="our own clock is wrong",
    ),
    Rule(
        "the venue's clock",
        "the clocks differ, and by the control hosts (or on this machine) ours is right",
        "Unrelated hosts, or the machine that we share with it, agree with our clock to {our_offset}.",
        causes=frozenset({Cause.CLOCK_SKEW}),
        holds=lambda finding, known: known.is_our_clock_right is True,
        blame=Blame.EXCHANGE,
        confidence=HIGH,
    ),
    Rule(
        "two clocks",
        "the clocks differ, and there is no third one to ask",
        "Two clocks differ, and no third one could be asked which is wrong.",
        causes=frozenset({Cause.CLOCK_SKEW}),
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.NONE,
        confidence=LOW,
    ),
    Rule(
        "timestamp against the venue's wrong clock",
        "our timestamp is refused, ours is right by the control hosts, and the venue's clock differs",
        "Our clock agrees with unrelated hosts to {our_offset}; the venue's is {venue_offset} off.",
        errors=frozenset({"InvalidTimestamp"}),
        holds=lambda finding, known: known.is_our_clock_right is True and known.is_venue_clock_ours is False,
        cause=Cause.CLOCK_SKEW,
        blame=Blame.EXCHANGE,
        confidence=HIGH,
        headline="the venue's clock is wrong",
    ),
    Rule(
        "timestamp between two clocks",
        "our timestamp is refused, the two clocks differ, and there is no third one to ask",
        "The venue's clock and ours are {venue_offset} apart, and no third one could be asked which is wrong.",
        errors=frozenset({"InvalidTimestamp"}),
        holds=lambda finding, known: known.is_venue_clock_ours is False,
        outcome=Outcome.INCONCLUSIVE,
        cause=Cause.CLOCK_SKEW,
        blame=Blame.NONE,
        confidence=LOW,
    ),
    Rule(
        "a good timestamp",
        "our timestamp is refused although the venue's own clock agrees with ours",
        "The venue's own clock agrees with ours to {venue_offset}, and yet it calls our timestamps too old.",
        errors=frozenset({"InvalidTimestamp"}),
        holds=lambda finding, known: known.is_venue_clock_ours is True,
        blame=Blame.EXCHANGE,
        confidence=MEDIUM,
    ),
    Rule(
        "a token of its own",
        "refused on a WebSocket with a token that the venue had just given: a public one, or to a key it had accepted",
        "The token came from the venue a moment before, and no key of ours was in question.",
        causes=frozenset({Cause.TOKEN_REFUSED, Cause.AUTH_REJECTED}),
        holds=lambda finding, known: (
            finding.condition.cause is Cause.TOKEN_REFUSED
            or (
                finding.is_on_a_stream
                and finding.condition.error != "PermissionDenied"
                and (finding.kind is not Kind.AUTH or known.key_accepted)
            )
        ),
        cause=Cause.TOKEN_REFUSED,
        blame=Blame.EXCHANGE,
        confidence=MEDIUM,
    ),
    Rule(
        "signed wrongly",
        "the signature is refused, and the same key was accepted for another call of this run",
        "The same key and secret were accepted for another call: this one is not signed as the venue wants it.",
        errors=frozenset({"InvalidSignature"}),
        holds=lambda finding, known: known.key_accepted,
        blame=Blame.CONNECTOR,
        confidence=MEDIUM,
    ),
    Rule(
        "the key",
        "the venue refuses the key, its passphrase or its permissions by name",
        "The venue says that it is the key, its passphrase or what it may do; others may trade meanwhile.",
        errors=frozenset({"InvalidKey", "InvalidPassphrase", "PermissionDenied"}),
        blame=Blame.CREDENTIALS,
        confidence=HIGH,
    ),
    Rule(
        "the secret, or a nonce used elsewhere",
        "the venue refuses the signature or the nonce, or the key for another reason",
        "No signed call was accepted in this run: the secret is wrong, or somebody else uses the same key.",
        causes=frozenset({Cause.AUTH_REJECTED}),
        blame=Blame.CREDENTIALS,
        confidence=MEDIUM,
    ),
    Rule(
        "what the key may do",
        "the venue reports permissions that a key for these checks should not have, or should",
        "The venue reports it of the key; whoever made the key can change it.",
        causes=frozenset({Cause.KEY_MAY_WITHDRAW, Cause.KEY_MAY_NOT_TRADE}),
        blame=Blame.CREDENTIALS,
        confidence=HIGH,
    ),
    Rule(
        "the account's money",
        "the venue refuses a test order for want of money",
        "The venue takes the order and the key, and finds too little money in the account.",
        causes=frozenset({Cause.NO_FUNDS}),
        outcome=Outcome.INCONCLUSIVE,
        blame=Blame.CREDENTIALS,
        confidence=HIGH,
    ),
    Rule(
        "one format changed",
        "an answer is readable but not of the documented shape, and other answers of the venue are",
        "Other answers of the venue were read without trouble: this one has changed, and the connector must follow.",
        errors=frozenset({"UnexpectedShape"}),
        holds=lambda finding, known: known.others_read,
        blame=Blame.CONNECTOR,
        confidence=MEDIUM,
    ),
    Rule(
        "a format changed",
        "an answer is readable but not of the documented shape, and nothing else of the venue was read",
        "The answer is whole, but not what the connector expects: likelier an interface that moved on than an outage.",
        errors=frozenset({"UnexpectedShape"}),
        blame=Blame.CONNECTOR,
        confidence=LOW,
    ),
    Rule(
        "unreachable from here alone or not",
        "unreachable, timed out or silent, and nobody could be asked about our own network",
        "No unrelated host could be asked whether the network is ours.",
        causes=UNREACHED,
        holds=lambda finding, known: known.has_network is None and not known.is_on_this_machine,
        confidence=LOW,
    ),
    Rule(
        "unreachable on this machine",
        "unreachable, timed out or silent, on this very machine",
        "The venue is on this machine, so that no network lies between.",
        causes=UNREACHED,
        holds=lambda finding, known: known.is_on_this_machine,
    ),
    Rule(
        "unreachable although we have a network",
        "unreachable, timed out or silent, while the control hosts answer",
        "Unrelated hosts answer from here: the network here is in order.",
        causes=UNREACHED,
    ),
    Rule(
        "an order by the book",
        "the venue refuses an order that keeps to the rules it publishes",
        "The order keeps to the tick, the lot and the minimum that the venue publishes.",
        causes=frozenset({Cause.ORDER_REFUSED}),
        blame=Blame.EXCHANGE,
        confidence=MEDIUM,
    ),
    Rule(
        "an error of its own",
        "the venue answers with a server error",
        "The venue answered, and its answer was an error of its own.",
        causes=frozenset({Cause.VENUE_ERROR}),
        errors=frozenset({"Unavailable"}),
        blame=Blame.EXCHANGE,
        confidence=HIGH,
    ),
    Rule(
        "a refusal in its own words",
        "the venue refuses a request for a reason that has no class of its own",
        "The venue refused the request in its own words; they may be about our request as well as about the venue.",
        errors=frozenset({"Rejected"}),
        confidence=LOW,
    ),
    Rule(
        "as measured",
        "anything else",
        "It was measured on what the venue itself sent.",
    ),
)
