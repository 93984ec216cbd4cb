"""All checks of one connector side by side, against the sandbox."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import InvalidKey, UnexpectedShape, UsageError
from connectors.kraken import Kraken
from connectors.sandbox import KrakenSandbox
from connectors.types import Credentials, PairRules, TradingPair, VenueStatus
from monitoring.checks import blame_rules, runner
from monitoring.checks.outcomes import Blame, Cause, Kind, Outcome
from monitoring.checks.runner import kinds_of, run_checks
from monitoring.checks.thresholds import Thresholds
from tests.monitoring.checks.conftest import ClockOnly, UnthrottledKraken

QUICK = Thresholds.of({"paper_order": {"rest_s": 0.2}})


async def test_every_check_of_a_healthy_venue_is_ok(connector: Kraken) -> None:
    results = await run_checks(connector, seconds=0.3, thresholds=QUICK)

    assert [result.kind for result in results] == list(Kind)
    assert {result.kind: (result.outcome, result.verdict.summary) for result in results if result.outcome != "ok"} == {}
    by_kind = {result.kind: result for result in results}
    assert by_kind[Kind.ORDER_BOOK].evidence["updates"] > 5
    assert by_kind[Kind.PAPER_ORDER].evidence["venue_accepts"]
    assert [series["interval"] for series in by_kind[Kind.CANDLES].evidence["series"]] == list(Kraken.candle_intervals)


async def test_results_say_where_they_come_from_and_are_plain_json(connector: Kraken) -> None:
    results = await run_checks(connector, [Kind.MARKETS, Kind.ORDER_BOOK], seconds=0.1)

    documents = json.loads(json.dumps([result.to_json() for result in results]))
    assert [document["evidence"]["source"] for document in documents] == ["sandbox", "sandbox"]
    assert documents[0]["evidence"]["rules"]["price_tick"] == "0.1"
    assert isinstance(documents[1]["evidence"]["top"]["bid"], str)


async def test_another_pair_can_be_asked_for(connector: Kraken) -> None:
    [result] = await run_checks(connector, [Kind.MARKETS], TradingPair("ETH", "USD"))

    assert (result.outcome, result.evidence["rules"]["symbol"]) == (Outcome.OK, "ETH/USD")


async def test_without_credentials_only_the_private_legs_are_left_out(sandbox: KrakenSandbox) -> None:
    async with UnthrottledKraken(urls=sandbox.urls) as connector:
        auth, paper = await run_checks(connector, [Kind.AUTH, Kind.PAPER_ORDER], thresholds=QUICK)

    assert (auth.outcome, auth.verdict.cause, auth.verdict.blame) == (
        Outcome.INCONCLUSIVE,
        Cause.NO_CREDENTIALS,
        Blame.NONE,
    )
    assert (paper.outcome, paper.evidence["has_validation"]) == (Outcome.OK, False)


async def test_no_evidence_holds_a_secret_or_the_accounts_money(connector: Kraken) -> None:
    results = await run_checks(connector, [Kind.AUTH, Kind.PAPER_ORDER], thresholds=QUICK)

    assert connector.credentials is not None
    shown = json.dumps([result.to_json() for result in results])
    assert connector.credentials.api_key not in shown
    assert connector.credentials.api_secret not in shown
    assert results[0].evidence["assets"] == 6
    assert "200000" not in shown


class Indiscreet(UnthrottledKraken):
    """A venue that quotes the key in its refusal."""

    async def balances(self) -> Any:
        assert self.credentials is not None
        raise InvalidKey(f"unknown key {self.credentials.api_key}", venue=self.venue)


async def test_a_key_that_the_venue_quotes_back_is_hidden(sandbox: KrakenSandbox) -> None:
    async with Indiscreet(urls=sandbox.urls, credentials=Credentials("MY-KEY", "bXk=", "my-word")) as connector:
        [result] = await run_checks(connector, [Kind.AUTH])

    assert result.verdict.summary == "signed read: InvalidKey: kraken: unknown key [hidden]"
    assert result.verdict.conditions[-1].seen == "InvalidKey: kraken: unknown key [hidden]"
    assert "MY-KEY" not in json.dumps(result.to_json())


class Wedged(UnthrottledKraken):
    """A connector whose candles never come, and whose status raises what no connector should."""

    async def candles(self, *_: object, **__: object) -> Any:
        await asyncio.Event().wait()

    async def venue_status(self) -> VenueStatus:
        raise ZeroDivisionError("kept to ourselves")


async def test_a_check_that_hangs_or_crashes_delays_and_spoils_no_other(sandbox: KrakenSandbox) -> None:
    async with Wedged(urls=sandbox.urls) as connector:
        connectivity, markets, candles = await run_checks(
            connector,
            [Kind.CONNECTIVITY, Kind.MARKETS, Kind.CANDLES],
            thresholds=Thresholds.of({"candles": {"deadline_s": 0.3}}),
        )

    assert (connectivity.verdict.cause, connectivity.verdict.blame) == (Cause.CONNECTOR_ERROR, Blame.CONNECTOR)
    assert connectivity.verdict.summary.startswith("venue status: ZeroDivisionError: at test_runner.py:")
    assert "kept to ourselves" not in json.dumps(connectivity.to_json())
    assert markets.outcome is Outcome.OK
    assert markets.duration_ms < 290
    assert candles.verdict.cause is Cause.TIMEOUT
    assert 290 < candles.duration_ms < 2000


async def test_the_runs_deadline_caps_the_checks_own(sandbox: KrakenSandbox) -> None:
    async with Wedged(urls=sandbox.urls) as connector:
        [result] = await run_checks(connector, [Kind.CANDLES], deadline_s=0.1)

    assert (result.verdict.cause, result.evidence["not_asked"][0]) == (Cause.TIMEOUT, "5m")
    assert result.duration_ms < 2000


class Clinging(UnthrottledKraken):
    """A connector that does not let go when its time is up."""

    async def trading_pairs(self) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()


async def test_a_connector_that_does_not_let_go_is_cut_off_and_blamed(
    sandbox: KrakenSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "GRACE_S", 0.05)
    async with Clinging(urls=sandbox.urls) as connector:
        [result] = await run_checks(connector, [Kind.MARKETS], deadline_s=0.05)

    assert (result.verdict.cause, result.verdict.blame) == (Cause.TIMEOUT, Blame.CONNECTOR)
    assert result.evidence["source"] == "sandbox"


class Busy(UnthrottledKraken):
    """A connector that keeps the whole process busy, before it is out of time."""

    async def trading_pairs(self) -> Any:
        time.sleep(0.2)  # noqa: ASYNC251 - keeping the event loop from running is what is tested
        await asyncio.Event().wait()


async def test_nobody_else_is_blamed_for_what_took_long_while_our_process_stood_still(
    sandbox: KrakenSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blame_rules, "STOOD_STILL_MS", 90.0)
    async with Busy(urls=sandbox.urls) as connector:
        [result] = await run_checks(connector, [Kind.MARKETS], deadline_s=0.3)

    assert (result.outcome, result.verdict.blame) == (Outcome.INCONCLUSIVE, Blame.VANTAGE)
    assert "stood still for" in result.verdict.reasons[0]


class Illogical(UnthrottledKraken):
    """A connector that answers with nonsense of the right name."""

    async def trading_pairs(self) -> Any:
        return {self.default_pair: None}


async def test_an_observation_that_cannot_be_made_is_the_connectors_fault(sandbox: KrakenSandbox) -> None:
    async with Illogical(urls=sandbox.urls) as connector:
        [result] = await run_checks(connector, [Kind.MARKETS])

    assert (result.verdict.cause, result.verdict.blame) == (Cause.CONNECTOR_ERROR, Blame.CONNECTOR)
    assert result.evidence["failures"][0]["error"] == "AttributeError"


class Expectant(UnthrottledKraken):
    """A connector that says when it was asked, and never answers."""

    asked: asyncio.Event

    async def trading_pairs(self) -> Any:
        self.asked.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("mode", ["cancel_only", "post_only"])
async def test_a_restricted_mode_degrades_paper_orders_as_it_does_connectivity(
    sandbox: KrakenSandbox, connector: Kraken, mode: str
) -> None:
    sandbox.faults.switch_on("maintenance", mode=mode)
    results = await run_checks(connector, [Kind.CONNECTIVITY, Kind.PAPER_ORDER], thresholds=QUICK)

    assert [(result.outcome, result.verdict.cause) for result in results] == [
        (Outcome.DEGRADED, Cause.EXCHANGE_MAINTENANCE)
    ] * 2


async def test_cancelling_a_run_ends_it(sandbox: KrakenSandbox) -> None:
    async with Expectant(urls=sandbox.urls) as connector:
        connector.asked = asyncio.Event()
        run = asyncio.create_task(run_checks(connector))
        await connector.asked.wait()
        run.cancel()

        with pytest.raises(asyncio.CancelledError):
            await run


async def test_a_connector_is_asked_only_what_it_can_do() -> None:
    async with Kraken() as kraken, ClockOnly() as clock:
        assert kinds_of(kraken) == tuple(Kind)
        assert kinds_of(clock) == ()
        with pytest.raises(UsageError, match="no candles check for clock: none is available"):
            await run_checks(clock, [Kind.CANDLES])


async def test_a_market_that_stands_still_is_quiet_and_not_stale() -> None:
    async with KrakenSandbox(rate=0.000_1) as still, UnthrottledKraken(urls=still.urls) as connector:
        [result] = await run_checks(connector, [Kind.ORDER_BOOK], seconds=0.2)

    assert (result.outcome, result.evidence["updates"]) == (Outcome.OK, 0)
    assert result.evidence["rest"] == result.evidence["top"]


class Picky(UnthrottledKraken):
    """A connector whose rules are wrong, so that its own paper engine refuses what they allow."""

    rule: dict[str, Decimal]

    async def trading_pairs(self) -> dict[TradingPair, PairRules]:
        listed = await super().trading_pairs()
        pair = self.default_pair
        return {pair: replace(listed[pair], **self.rule)}  # type: ignore[arg-type]  # the names are of decimals


async def test_rules_that_no_order_can_meet_are_the_connectors_fault(sandbox: KrakenSandbox) -> None:
    async with Picky(urls=sandbox.urls) as connector:
        connector.rule = {"price_tick": Decimal(10**9)}
        [result] = await run_checks(connector, [Kind.PAPER_ORDER], thresholds=QUICK)

    assert (result.verdict.cause, result.verdict.blame) == (Cause.CONNECTOR_ERROR, Blame.CONNECTOR)
    assert result.verdict.summary.startswith("orders that rest: Rejected: BTC-USD: ")


async def test_a_check_is_given_what_its_last_run_saw(connector: Kraken) -> None:
    [before] = await run_checks(connector, [Kind.MARKETS])
    memory = {"rules": before.evidence["memory"]["rules"] | {"price_tick": "7"}}

    [result] = await run_checks(
        connector, [Kind.MARKETS], previous={Kind.MARKETS: before.evidence | {"memory": memory}}
    )

    assert "price tick was 7" in result.verdict.summary


@pytest.mark.parametrize("other", [{"source": "live"}, {"pair": "ETH-USD"}, {"memory": ["rules"]}])
async def test_what_was_seen_elsewhere_is_not_compared_with(connector: Kraken, other: dict[str, Any]) -> None:
    memory = {"rules": {"price_tick": "7"}}
    before = {"source": "sandbox", "pair": "BTC-USD", "memory": memory} | other

    [result] = await run_checks(connector, [Kind.MARKETS], previous={Kind.MARKETS: before})

    assert result.outcome is Outcome.OK


async def test_a_check_that_crashes_hands_on_what_it_was_given(sandbox: KrakenSandbox) -> None:
    before = {"source": "sandbox", "pair": "BTC-USD", "memory": {"rules": {"price_tick": "7"}}}
    async with Illogical(urls=sandbox.urls) as connector:
        [result] = await run_checks(connector, [Kind.MARKETS], previous={Kind.MARKETS: before})

    assert result.evidence["memory"] == {"rules": {"price_tick": "7"}}


async def test_what_one_check_met_tells_who_is_to_blame_for_another(sandbox: KrakenSandbox) -> None:
    async with Changed(urls=sandbox.urls) as connector:
        [alone] = await run_checks(connector, [Kind.CANDLES])
        [beside, _] = await run_checks(connector, [Kind.CANDLES, Kind.MARKETS])

    assert [(result.verdict.blame, result.verdict.confidence) for result in (alone, beside)] == [
        ("connector", "low"),
        ("connector", "medium"),
    ]
    assert beside.verdict.reasons[0].startswith("Other answers of the venue were read without trouble")


class Changed(UnthrottledKraken):
    """A venue whose candles have other fields than they had."""

    async def candles(self, *_: object, **__: object) -> Any:
        raise UnexpectedShape("Expected `array`, got `object`", venue=self.venue, endpoint="/0/public/OHLC")
