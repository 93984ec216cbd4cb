"""Polls for tests of the admin pages and the commands: small, closed, and decided by their votes."""

from __future__ import annotations

import json
from typing import Any

VOTE_ID = "0x" + "c4" * 32

VOTES = {"Kraken": 900_000, "KuCoin": 500_000, "Gate.io": 300_000, "AscendEx": 100_000}
"""Under HGP-45: Kraken gold, KuCoin and Gate.io silver, AscendEx below the 200,000 that are needed."""

MARKDOWN = """| Exchange | Votes |
| --- | --- |
| Kraken | 900,000 |
| KuCoin | 500,000 |
"""


def snapshot_answer(cast: dict[str, Any] | None = None, /, **changes: Any) -> bytes:
    """What Snapshot's GraphQL says of a closed poll with these votes."""
    cast = VOTES if cast is None else cast
    proposal = {
        "id": VOTE_ID,
        "title": "HGP-90: CEX poll",
        "type": "weighted",
        "state": "closed",
        "start": 1759276800,  # 2025-10-01
        "end": 1759881600,
        "choices": list(cast),
        "scores": list(cast.values()),
        "scores_total": sum(cast.values()),
        "scores_state": "final",
        "votes": 12,
        "quorum": 0,
        "space": {"id": "hbot.eth"},
    }
    return json.dumps({"data": {"proposal": proposal | changes}}).encode()
