"""Votes as pages print them, rounded: what such a figure says, and how far the true one may lie from it."""

from __future__ import annotations

import re
from decimal import Decimal

from registry.governance.tallies import Votes

UNITS = {"": Decimal(1), "k": Decimal(10**3), "m": Decimal(10**6), "million": Decimal(10**6), "b": Decimal(10**9)}
PRINTED = re.compile(
    r"(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<unit>million|[kmb])?\s*(?:hbot|votes)?",
    re.ASCII | re.IGNORECASE,
)
LONGEST = 40


def printed_votes(text: str) -> Votes:
    """Of "10.3m", "740.2k", "22 million HBOT", "400k votes" or "1,000,000", in HBOT.

    The margin is half a unit of the last digit, also of a figure that is written out: a page that prints 400,000 may
    well have rounded 399,999.6. Raises ValueError naming the text.
    """
    match = PRINTED.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        raise ValueError(f"{text[:LONGEST]!r} is no number of votes; write such as 10.3m, 740.2k or 400,000")
    figure = match["figure"].replace(",", "")
    unit = UNITS[(match["unit"] or "").lower()]
    decimals = len(figure.partition(".")[2])
    return Votes(Decimal(figure) * unit, unit / (2 * 10**decimals))
