"""Tables of epochs 12 and 13 as printed (hummingbot/hummingbot-site@1610d3a2:docs/about/epochs.md), evaluated anew."""

from __future__ import annotations

from decimal import Decimal

import pytest

from registry.choices import PollGroup
from registry.governance.evaluate import evaluate
from registry.governance.policy import policy_for_epoch, read_policies
from registry.governance.tallies import Tally
from tests.registry.governance.polls import poll, printed, silent

TOLERANCE = Decimal("0.06")
"""Percentage points: votes are printed to 0.1 million."""

TABLES = {
    (12, PollGroup.CLOB_DEX): (
        "XRPL 19.5m 21.55, dYdX 14.2m 15.74, Derive 14.2m 15.7, Hyperliquid 14.1m 15.63, Dexalot 9.9m 10.97, "
        "Injective 9.7m 10.78, Vertex 8.7m 9.64"
    ),
    (12, PollGroup.GATEWAY_DEX): (
        "Raydium 11.7m 12.88, Uniswap 11.6m 12.79, Meteora 11m 12.12, Pancakeswap 9.8m 10.81, TraderJoe 8.7m 9.62, "
        "Balancer 8.6m 9.52, Curve 8.6m 9.52, Hydration 6m 6.58, Sushiswap 5.6m 6.2, Jupiter 4.1m 4.52, "
        "Carbon 3.8m 4.24, Quickswap 688.6k 0.76, ETCSwap 400k"
    ),
    (13, PollGroup.CLOB_CEX): (
        "Binance 11.1m 10.25, Kucoin 10.3m 9.52, Bybit 10m 9.28, OKX 9.8m 9.05, Gate.io 9.3m 8.59, Bitrue 8.5m 7.86, "
        "MEXC 8.5m 7.86, Coinbase 7.8m 7.19, Kraken 7.8m 7.19, AscendEx 5.3m 4.95, Cube 3.8m 3.5, Bitmart 3.8m 3.5, "
        "Bitget 3.1m 2.91, Bitstamp 3.1m 2.91, HTX 3.1m 2.91, BingX 1.4m 1.25, BTC 740.2k 0.69, NDAX 639.3k 0.59"
    ),
    (13, PollGroup.GATEWAY_DEX): (
        "Jupiter 14.6m 14.28, Meteora 14.6m 14.28, Raydium 13.9m 13.62, Uniswap 13.9m 13.55, Pancakeswap 13.4m 13.09, "
        "Curve 11.9m 11.64, TraderJoe 8.1m 7.94, ETCSwap 5.2m 5.08, Balancer 3.9m 3.85, Quickswap 1.5m 1.44, "
        "Sushiswap 1.3m 1.22, Carbon, Hydration"
    ),
}
"""Name, votes and share in percent, in printed order; those without a share failed and are not ranked."""


@pytest.mark.parametrize(("epoch", "group"), TABLES, ids=lambda value: str(value))
def test_ranks_shares_and_inclusion_come_out_as_printed(epoch: int, group: PollGroup) -> None:
    rules = policy_for_epoch(read_policies(), epoch)
    assert rules is not None
    tallies: list[Tally] = []
    shares: dict[int, Decimal] = {}
    for index, row in enumerate(TABLES[epoch, group].split(", "), start=1):
        name, *figures = row.split()
        passed = len(figures) == 2
        if not figures:
            tallies.append(silent(index, included=False, name=name))
            continue
        tallies.append(printed(index, figures[0], rank=index if passed else None, included=passed, name=name))
        if passed:
            shares[index] = Decimal(figures[1])
    outcome = evaluate(poll(*reversed(tallies), group=group), rules)
    assert [choice.rank for choice in outcome.choices if choice.included] == list(shares)
    assert [choice.index for choice in outcome.choices if choice.included] == list(shares)
    off = {
        index: abs(share - printed_share)
        for index, printed_share in shares.items()
        if (share := outcome.by_index[index].share) is not None
    }
    assert len(off) == len(shares)
    assert max(off.values()) <= TOLERANCE
    assert outcome.questions == ()
    assert outcome.quorum_reached is True
    assert sum(choice.pot or 0 for choice in outcome.choices) == 1_000_000
