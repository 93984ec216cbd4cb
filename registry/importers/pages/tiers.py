"""Where a page states its tier: by a badge, a line of its own, a sentence, and by what it says a tier means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.choices import Tier
from registry.importers.pages.blocks import Text
from registry.importers.pages.meanings import TIERS
from registry.importers.pages.page import StatedTier

BADGE, LINE, SENTENCE, EXPLANATION = "badge", "line", "sentence", "explanation"

MEANINGS = (
    ("does not maintain the components", Tier.BRONZE),
    ("not maintained by the hummingbot foundation", Tier.BRONZE),
    ("not maintained by hummingbot foundation", Tier.BRONZE),
    ("tracking improvements made to the gold", Tier.SILVER),
    ("and continually improves them", Tier.GOLD),
    ("are continually improved", Tier.GOLD),
)
"""The fixed texts in which pages told what their tier means; a page may carry the text of another tier."""


def badge_of(image: str) -> str | None:
    """What the image of a badge says, in lower case; None for any other image."""
    if "shields.io/" not in image or "message=" not in image:
        return None
    return image.partition("message=")[2].partition("&")[0].strip().casefold()


def tiers_in(text: Text) -> Iterator[StatedTier]:
    """By a badge and in a sentence; what a label says is for the reader of labels."""
    for image in text.images:
        if (message := badge_of(image)) in TIERS:
            yield StatedTier(text.line, TIERS[message].value, BADGE)
    if tier := _named(text.text):
        yield StatedTier(text.line, tier.value, SENTENCE)
    said = text.text.casefold()
    for words, tier in MEANINGS:
        if words in said:
            yield StatedTier(text.line, tier.value, EXPLANATION)


def _named(text: str) -> Tier | None:
    """`X is a Silver exchange`, `voted X into the Bronze tier`, `Gold exchanges are …`, `The Gold exchange is …`."""
    said = [word.strip("*_.,:`").casefold() for word in text.split()]
    for at, word in enumerate(said):
        if word not in TIERS:
            continue
        before, behind = said[max(at - 2, 0) : at], said[at + 1] if at + 1 < len(said) else ""
        if (
            (before in (["is", "a"], ["is", "an"]) and behind.startswith(("exchange", "connector", "tier")))
            or (before == ["into", "the"] and behind == "tier")
            or (before in ([], ["the"]) and at < 2 and behind.startswith("exchange"))
        ):
            return TIERS[word]
    return None


def named_in(text: Text) -> str:
    """The exchange of `Currently, X is a …` and `voted X into …`; "" where the sentence names none."""
    for opening, ending in (("Currently, ", " is a"), ("HBOT holders voted ", " into ")):
        _, found, rest = text.text.partition(opening)
        name, ended, _ = rest.partition(ending)
        if found and ended and name.casefold() != "this exchange" and len(name) <= 60:
            return name.strip()
    return ""


def stated(tiers: Sequence[StatedTier]) -> str:
    """The tier that a reader sees first: the badge's, else that of the line, else of the sentence."""
    for where in (BADGE, LINE, SENTENCE):
        for tier in tiers:
            if tier.where == where:
                return tier.tier
    return ""
