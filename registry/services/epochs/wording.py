"""Sentences about votes and tiers, said the same way in rows, plans, posts and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.choices import Basis, PollGroup, Tier
from registry.governance.wording import figure, rule_words

_PLACES = {True: "in the release", False: "not in the release", None: ""}


def tier_words(state: Mapping[str, Any]) -> str:
    """Of a standing's `tier`, `included` and `basis`: "Gold"; "no tier, not in the release"; "Silver, an override"."""
    tier, included = state["tier"], state["included"]
    parts = [str(Tier(tier).label) if tier else "no tier"]
    if not (tier and included):  # a tier says as much
        parts.append(_PLACES[included])
    if state.get("basis") == Basis.OVERRIDE:
        parts.append("an override")
    return ", ".join(filter(None, parts))


def votes_words(traced: Mapping[str, Any]) -> str:
    """What it received, and whether the source rounds it: about 8,500,000; "" where the source does not say."""
    text = figure(traced["votes"])
    return f"about {text}" if text and traced["rounded"] else text


def rank_words(traced: Mapping[str, Any]) -> str:
    """ "2 of 18"; "" where it has no rank."""
    return f"{traced['rank']} of {traced['of']}" if traced["rank"] else ""


def group_words(group: str) -> str:
    """A poll's name, as in "CEX connectors"; "" for none."""
    return str(PollGroup(group).label) if group else ""


def decision_sentence(move: Mapping[str, Any], poll: Mapping[str, Any]) -> str:
    """Why an exchange got what a poll decided: rank, votes and the one rule."""
    votes = f"{text} HBOT" if (text := votes_words(move)) else ""
    if poll["target"]:
        verdict = "passed" if poll["passed"] else "failed"
        opening = f"{poll['title'] or 'The proposal'} {verdict} with {votes or 'votes that are not stated'} for it"
    elif rank := rank_words(move):
        opening = f"Rank {rank} {f'with {votes}' if votes else '(votes not stated)'}"
    else:
        opening = f"With {votes}" if votes else "As the source lists it, votes not stated"
    return f"{opening}: {tier_words(move['decided'])}. Rule: {rule_words(move['rule'])}."
