"""Which sandbox stands in for which connector's venue, by the connector's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.sandbox.kraken import KrakenSandbox
from connectors.sandbox.kucoin import KucoinPerpetualSandbox, KucoinSandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOXES: Mapping[str, type[KrakenSandbox | KucoinSandbox | KucoinPerpetualSandbox]] = {
    kind.exchange: kind for kind in (KrakenSandbox, KucoinSandbox, KucoinPerpetualSandbox)
}
