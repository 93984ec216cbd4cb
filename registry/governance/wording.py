"""How numbers, names and rules are written in sentences, wherever people read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any

from registry.governance.tallies import Votes

CENT = Decimal("0.01")
_WIDE = Context(prec=100)
_DECIDED = {"include": "it stays", "exclude": "it leaves", "stands": "what is stands"}


def figure(value: Decimal | str | int | None) -> str:
    """As people read it: 10,300,000.25; "" for none. Exact figures are `number_text`'s.

    Rounded down to two places, so that 199,999.996 never reads as the threshold of 200,000 that it misses.
    """
    if value is None or value == "":
        return ""
    exact = Decimal(value)
    if 0 < exact < CENT:
        return f"less than {CENT}"
    return number_text(exact.quantize(CENT, rounding=ROUND_FLOOR, context=_WIDE))


def percent(value: Decimal | str | None) -> str:
    """13.55 %; "" for none."""
    return f"{text} %" if (text := figure(value)) else ""


def number_text(value: Decimal) -> str:
    """Exactly, with thousands commas, no exponent and no trailing zeros: 10,300,000."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def votes_text(votes: Votes) -> str:
    """10,300,000 votes; 400,000 votes (as printed, within 500)."""
    if votes.is_exact:
        return f"{number_text(votes.value)} votes"
    return f"{number_text(votes.value)} votes (as printed, within {number_text(votes.margin)})"


def listed(names: Sequence[str], *, most: int = 20) -> str:
    """A, B and C; of more than *most*, A, B and 7 others."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def epochs_named(numbers: Sequence[int]) -> str:
    """Of ascending numbers: "epoch 7", "epochs 7 to 13", "epochs 7 to 9 and 11"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return f"epoch{'s' if len(numbers) > 1 else ''} {listed(words)}"


def rule_words(rule: str) -> str:
    """The rule that a trace names by its place in the policy: "bands[1]: ranks 2 to 4" is "Ranks 2 to 4"."""
    place, _, said = rule.partition(": ")
    match re.sub(r"\[\d+\]", "", place):
        case "bands" if said:
            return said.capitalize()
        case "eligibility.min_votes":
            return f"Threshold of {said} HBOT" if said else "No threshold: every choice stays"
        case "record":
            return f"{said.capitalize()} in the record"
        case "decision":
            return f"A person’s decision: {_DECIDED.get(said, said)}"
        case "needs decision":
            return "Waits for a decision"
        case "passing.over_percent":
            return "Votes for and against"
        case "passing.quorum_votes":
            return "Quorum"
    return f"{rule[:1].upper()}{rule[1:]}"


def margin_words(decided: Mapping[str, Any]) -> Iterator[str]:
    """How far a traced choice is from the next better band and from leaving."""
    to_next, to_removal = decided.get("margin_to_next"), decided.get("margin_to_removal")
    if to_next is not None and decided.get("next_label"):
        yield f"{figure(to_next)} HBOT short of {decided['next_label'].capitalize()}"
    if to_removal is not None:
        margin = Decimal(to_removal)
        yield f"{figure(abs(margin))} HBOT {'below' if margin < 0 else 'above'} the threshold"
    if decided.get("leaves_next"):
        yield "leaves with the next epoch, by the limit of choices"
