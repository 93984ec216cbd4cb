"""What has to be found: for every fault, the kinds of check that see it, and their outcome, cause and blame.

Where a kind is not named, the fault is none of its business and it has to stay ok. Written from what each fault is, not
from what the checks say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.catalog import CONNECTORS
from monitoring.checks.outcomes import Kind
from tests.faults.runs import HEALTHY_WATCH_S, Strike

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTIVITY, MARKETS, BOOK, AUTH, PAPER, CANDLES = Kind
EVERY_KIND = tuple(Kind)
KRAKEN, KUCOIN, PERPETUAL = "kraken", "kucoin", "kucoin_perpetual"
EVERYWHERE = tuple(CONNECTORS)
AT_KUCOIN = (KUCOIN, PERPETUAL)

Verdict = tuple[str, str, str]
OK: Verdict = ("ok", "none", "none")


def failed(cause: str, blame: str = "exchange") -> Verdict:
    return "failed", cause, blame


def degraded(cause: str, blame: str = "exchange") -> Verdict:
    return "degraded", cause, blame


def unknown(cause: str, blame: str) -> Verdict:
    return "inconclusive", cause, blame


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, at those of *connectors* whose sandbox can have it.

    *strikes_live* where the order book check meets it in its *seconds* of watching.
    """

    strike: Strike
    seen: Mapping[Kind, Verdict | frozenset[Verdict]]
    connectors: tuple[str, ...] = EVERYWHERE
    strikes_live: bool = False
    seconds: float = HEALTHY_WATCH_S

    def allowed(self, kind: Kind) -> frozenset[Verdict]:
        expected = self.seen.get(kind, OK)
        return expected if isinstance(expected, frozenset) else frozenset({expected})


def everyone(verdict: Verdict) -> dict[Kind, Verdict]:
    return dict.fromkeys(EVERY_KIND, verdict)


SETTLING_S = 1.5
"""Long enough to see, on a busy machine too, that what may pass by itself does not."""

IN_A_SECOND = {kind.value: {"deadline_s": 1.0} for kind in Kind}
"""For what answers nothing at all: the deadline is what ends it, and a test need not wait for a long one."""

REFUSED_KEY = {AUTH: failed("auth_rejected", "credentials"), PAPER: unknown("auth_rejected", "credentials")}

ROWS = (
    # The order book.
    # Paper orders trade on every book that was proven, however often the stream had to heal in between.
    Row(Strike("bad_checksum", {"every": 3}), {BOOK: failed("checksum_mismatch")}, strikes_live=True),
    Row(Strike("missing_update"), {BOOK: failed("checksum_mismatch")}, (KRAKEN,), True),
    # A lost change crosses the book, or else only a snapshot of the same sequence tells.
    Row(
        Strike("missing_update"),
        {
            BOOK: frozenset({failed("book_mismatch"), failed("crossed_book")}),
            PAPER: frozenset({OK, failed("crossed_book")}),
        },
        AT_KUCOIN,
        strikes_live=True,
        seconds=3.0,
    ),
    Row(Strike("sequence_gap"), {BOOK: failed("sequence_gap")}, strikes_live=True),
    # At the usual watch, so that its limit is the usual two seconds.
    Row(Strike("stall"), {BOOK: failed("stale_data")}, strikes_live=True, seconds=5.0),
    Row(Strike("late_frames", {"seconds": 60.0}), {BOOK: failed("stale_data")}, strikes_live=True, seconds=SETTLING_S),
    Row(Strike("crossed_book"), {BOOK: failed("crossed_book"), PAPER: failed("crossed_book")}, strikes_live=True),
    Row(Strike("locked_book"), {BOOK: failed("locked_book"), PAPER: failed("locked_book")}, strikes_live=True),
    Row(
        Strike("empty_side"),
        {BOOK: failed("empty_book"), PAPER: failed("empty_book")},
        strikes_live=True,
        seconds=SETTLING_S,
    ),
    Row(Strike("wide_spread"), {BOOK: degraded("wide_spread")}, strikes_live=True, seconds=SETTLING_S),
    # The wire.
    Row(
        Strike("silence", limits=IN_A_SECOND | {"order_book": {"deadline_s": 5.0}}),
        {BOOK: failed("stale_data"), AUTH: failed("timeout"), PAPER: failed("timeout")},
        strikes_live=True,
    ),
    Row(Strike("drop"), everyone(failed("transport")), strikes_live=True),
    Row(Strike("half_frame"), everyone(failed("transport")), strikes_live=True),
    Row(
        Strike("slow", {"delay_s": 0.1}, {"connectivity": {"slow_ms": 90.0}, "order_book": {"slow_snapshot_ms": 90.0}}),
        {CONNECTIVITY: degraded("slow"), BOOK: degraded("slow")},
    ),
    Row(Strike("hang", limits=IN_A_SECOND), everyone(failed("timeout"))),
    Row(Strike("malformed"), everyone(failed("malformed_payload")), strikes_live=True),
    Row(Strike("huge_message", {"megabytes": 40}), everyone(failed("message_too_large")), strikes_live=True),
    Row(Strike("http_5xx"), everyone(failed("venue_error"))),
    Row(Strike("html"), everyone(failed("malformed_payload"))),
    # The venue's own word.
    Row(Strike("rate_limit"), everyone(unknown("rate_limited", "own_rate"))),
    Row(Strike("rate_limit", {"by": "cdn"}), everyone(unknown("rate_limited", "own_rate"))),
    Row(Strike("maintenance"), everyone(failed("exchange_maintenance"))),
    Row(
        Strike("maintenance", {"mode": "cancel_only"}),
        {CONNECTIVITY: degraded("exchange_maintenance"), PAPER: degraded("exchange_maintenance")},
    ),
    # Kraken signs no time, so a wrong clock there concerns nobody else. Paper orders only lack the venue's opinion.
    Row(Strike("clock_skew"), {CONNECTIVITY: failed("clock_skew")}, (KRAKEN,)),
    Row(
        Strike("clock_skew"),
        {CONNECTIVITY: failed("clock_skew"), AUTH: failed("clock_skew"), PAPER: unknown("clock_skew", "exchange")},
        AT_KUCOIN,
    ),
    Row(
        Strike("pair_delisted", {"pair": "BTC-USD"}),
        dict.fromkeys((MARKETS, BOOK, PAPER, CANDLES), failed("pair_unavailable")),
        (KRAKEN,),
    ),
    Row(
        Strike("pair_delisted", {"pair": "BTC-USDT"}),
        dict.fromkeys((MARKETS, BOOK, PAPER, CANDLES), failed("pair_unavailable")),
        AT_KUCOIN,
    ),
    Row(Strike("rules_change"), {MARKETS: degraded("rules_changed")}),
    Row(Strike("mark_price_off"), {MARKETS: failed("bad_mark_price")}),
    Row(Strike("funding_off"), {MARKETS: failed("bad_funding")}),
    # Candles.
    Row(Strike("candle_gap"), {CANDLES: failed("candle_fault")}),
    Row(Strike("candle_duplicate"), {CANDLES: failed("candle_fault")}),
    Row(Strike("candle_disorder"), {CANDLES: failed("candle_fault")}),
    Row(Strike("candle_prices"), {CANDLES: failed("candle_fault")}),
    Row(Strike("candle_stale"), {CANDLES: failed("stale_data")}),
    Row(Strike("candle_rewrite"), {CANDLES: failed("candle_changed")}),
    # Credentials.
    Row(Strike("bad_nonce"), REFUSED_KEY),
    Row(Strike("lockout"), REFUSED_KEY),
    Row(Strike("invalid_key"), REFUSED_KEY),
    Row(Strike("invalid_signature"), REFUSED_KEY),
    Row(Strike("wrong_passphrase"), REFUSED_KEY),
    Row(Strike("permission_denied"), REFUSED_KEY),
    # Our clock agrees with the venue's, and still it calls us late.
    Row(Strike("expired_timestamp"), {AUTH: failed("auth_rejected"), PAPER: unknown("auth_rejected", "exchange")}),
    Row(Strike("expired_token"), {AUTH: failed("token_refused")}, (KRAKEN,)),
    Row(Strike("expired_token"), dict.fromkeys((BOOK, AUTH, PAPER), failed("token_refused")), AT_KUCOIN),
    Row(Strike("any_signature"), {AUTH: failed("signature_not_checked")}),
    Row(Strike("withdraw_permission"), {AUTH: degraded("key_may_withdraw", "credentials")}),
    Row(Strike("order_refused"), {PAPER: failed("order_refused")}),
)
