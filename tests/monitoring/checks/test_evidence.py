"""Steps record instead of raising and keep the deadline; evidence is JSON and has no secrets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from connectors.errors import UnknownPair
from connectors.types import BookLevel, Side, TradingPair
from monitoring.checks.evidence import Steps, as_json, without_secrets
from monitoring.checks.outcomes import Cause


async def test_a_step_that_raises_is_recorded_and_the_next_one_runs() -> None:
    steps = Steps(deadline_s=5)

    async with steps.step("pairs"):
        raise UnknownPair("gone")
    async with steps.step("candles"):
        pass

    assert [(failure.step, failure.cause) for failure in steps.failures] == [("pairs", Cause.PAIR_UNAVAILABLE)]
    assert list(steps.elapsed_ms) == ["pairs", "candles"]
    assert not steps.is_clean


async def test_a_step_that_hangs_ends_at_the_deadline_and_leaves_none_for_the_next() -> None:
    steps = Steps(deadline_s=0.01)

    for name in ("first", "second"):
        async with steps.step(name):
            await asyncio.Event().wait()

    assert [(failure.step, failure.cause) for failure in steps.failures] == [
        ("first", Cause.TIMEOUT),
        ("second", Cause.TIMEOUT),
    ]
    assert {failure.message for failure in steps.failures} == {"no result within the check's deadline of 0.01 s"}


async def test_a_step_may_have_less_time_than_the_whole() -> None:
    steps = Steps(deadline_s=60)

    async with steps.step("aside", within_s=0.01):
        await asyncio.Event().wait()

    assert [(failure.cause, failure.message) for failure in steps.failures] == [
        (Cause.TIMEOUT, "no result within 0.01 s")
    ]


async def test_cancellation_passes_through_a_step() -> None:
    steps = Steps(deadline_s=60)
    entered = asyncio.Event()

    async def work() -> None:
        async with steps.step("first"):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps.failures == ()


@dataclass(frozen=True)
class Sample:
    pair: TradingPair
    side: Side
    level: BookLevel
    seen_at: datetime
    length: timedelta
    counts: dict[Side, int]
    missing: None = None


def test_evidence_keeps_decimals_exact_and_times_in_utc() -> None:
    sample = Sample(
        pair=TradingPair("BTC", "USD"),
        side=Side.BUY,
        level=BookLevel(Decimal("1E-8"), Decimal("0.10")),
        seen_at=datetime(2026, 11, 21, 12, 0, tzinfo=timezone(timedelta(hours=2))),
        length=timedelta(minutes=1),
        counts={Side.SELL: 3},
    )

    assert json.loads(json.dumps(as_json(sample))) == {
        "pair": "BTC-USD",
        "side": "buy",
        "level": ["0.00000001", "0.10"],
        "seen_at": "2026-11-21T10:00:00Z",
        "length": 60.0,
        "counts": {"sell": 3},
        "missing": None,
    }
    assert as_json(datetime(2026, 11, 21, 0, 0, 0, 5, tzinfo=UTC)) == "2026-11-21T00:00:00.000005Z"


def test_a_secret_is_blotted_out_wherever_a_venue_echoes_it() -> None:
    evidence = {"failures": [{"message": "bad key K-1234!", "K-1234": 1}], "count": 2}

    assert without_secrets(evidence, ["K-1234", "", "d"]) == {
        "failures": [{"message": "bad key [hidden]!", "[hidden]": 1}],
        "count": 2,
    }
