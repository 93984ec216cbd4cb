"""The healthy market that must raise no alarm really is read, and by the check that the monitor runs."""

from __future__ import annotations

import pytest

from benchmarks import healthy
from benchmarks.healthy import watch_healthy


@pytest.mark.slow(reason="three server processes are started, each watched for a while")
async def test_a_healthy_market_at_full_speed_raises_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthy, "SECONDS", 0.5)

    seen = await watch_healthy(messages=3_000)

    assert [market.connector_id for market in seen] == ["kraken", "kucoin", "kucoin_perpetual"]
    assert [market.alarms for market in seen] == [(), (), ()]
    assert sum(market.messages for market in seen) >= 3_000
