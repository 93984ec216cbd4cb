"""What a table's cells say: one reader for each column, all of which raise ValueError with what is wrong."""

from __future__ import annotations

import re
from decimal import Decimal

from registry.governance.printed import printed_votes
from registry.governance.tallies import Votes
from registry.importers.imported import quoted

INCLUDED = {
    **dict.fromkeys(("yes", "y", "passed", "pass", "true", "in", "✅"), True),
    **dict.fromkeys(("no", "n", "failed", "fail", "false", "out", "❌"), False),
}

MAX_RANK = 32_767
MAX_FIGURE = 40
"""Characters; no figure of votes has more."""

DECIMAL_PLACES = 18
TOO_MANY_DIGITS = 22

SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%?")
INVISIBLE = dict.fromkeys((0x200B, 0x2060, 0xFE0F, 0xFEFF))
"""Zero-width spaces and the variation selector of emoji: pasted text is full of them."""


def clean(cell: str) -> str:
    """A cell's text, in which any white space, no-break spaces included, is one plain space."""
    return " ".join(cell.translate(INVISIBLE).split())


def votes_of(text: str, *, exact: bool = False) -> Votes:
    """Of 10300000.25, 10,300,000 or 10.3m. Where figures are *exact*, those written out in full have no margin."""
    if len(text) > MAX_FIGURE:
        raise ValueError(f"{quoted(text)} is no number of votes")
    votes = printed_votes(text)
    if votes.value.adjusted() >= TOO_MANY_DIGITS:
        raise ValueError(f"{quoted(text)} is larger than any number of votes")
    if -int(votes.value.as_tuple().exponent) > DECIMAL_PLACES:
        raise ValueError(f"{quoted(text)} has more than {DECIMAL_PLACES} decimals, and HBOT has no more")
    return Votes(votes.value) if exact and not text[-1:].isalpha() else votes


def rank_of(text: str) -> int:
    """A whole number from 1, with or without the dot of an ordinal."""
    digits = text.removesuffix(".")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6 and 1 <= int(digits) <= MAX_RANK):
        raise ValueError(f"{quoted(text)} is no whole number from 1")
    return int(digits)


def share_of(text: str) -> Decimal:
    """Percent, with as many decimals as printed, but for two at most."""
    match = SHARE.fullmatch(text) if text.isascii() else None
    if match is None or (share := Decimal(match[1])) > 100:
        raise ValueError(f"{quoted(text)} is no share in percent, such as 10.25%")
    return min(share, round(share, 2), key=lambda figure: -int(figure.as_tuple().exponent))


def included_of(text: str) -> bool:
    """Whether the choice stays in the release."""
    if (answer := INCLUDED.get(text.casefold())) is None:
        raise ValueError(f"{quoted(text)} is neither yes nor no (passed, failed)")
    return answer
