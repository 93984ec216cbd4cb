"""Which connectors there are, by the id that the registry uses too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.errors import UnknownConnector, nearest
from connectors.kraken import Kraken
from connectors.kucoin import Kucoin, KucoinPerpetual

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import Connector

CONNECTORS: Mapping[str, type[Connector]] = {kind.id: kind for kind in (Kraken, Kucoin, KucoinPerpetual)}


def find_connector(connector_id: str) -> type[Connector]:
    """The class of this connector. Raises UnknownConnector, naming the nearest ids."""
    try:
        return CONNECTORS[connector_id]
    except KeyError:
        raise UnknownConnector(f"no connector {connector_id!r}: {nearest(connector_id, CONNECTORS)}") from None
