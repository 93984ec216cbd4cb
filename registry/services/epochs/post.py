"""The Markdown of an announcement: what moved, in words, with votes and links to the polls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from registry.governance.wording import figure
from registry.models import Changeset
from registry.services.epochs.plan_words import sections
from registry.services.epochs.wording import group_words

_HEADINGS = ("Exchange", "Tier before", "Tier now", "Rank", "Votes (HBOT)", "Poll")


def post_title(document: Mapping[str, Any]) -> str:
    """The headline of an applied plan, or of a roll-back."""
    if document["kind"] == "rollback":
        return f"Epoch {document['epoch']} tiers withdrawn"
    return f"Epoch {document['epoch']}: {document['summary'].rstrip('.')}"[:200]


def post_body(changeset: Changeset, document: Mapping[str, Any]) -> str:
    """Markdown; every name in it is escaped, since polls spell what they like."""
    return "\n".join([*_opening(changeset, document), *_tables(document), *_pots(document), ""])


def _opening(changeset: Changeset, document: Mapping[str, Any]) -> Iterable[str]:
    yield f"# {_escaped(post_title(document))}"
    yield ""
    if document["kind"] == "rollback":
        yield (
            f"The tiers of Epoch {document['epoch']} (changeset {document['reverses']}) are withdrawn from "
            f"{changeset.effective_from} on. What stood before stands again."
        )
        if changeset.reason:
            yield ""
            yield f"Reason: {_escaped(changeset.reason)}"
    else:
        policy = document["policy"]
        yield (
            f"In effect from {document['effective_from']}, under {_escaped(policy['title'])} "
            f"({policy['slug']} v{policy['version']}). {document['summary']}"
        )
    yield ""
    yield f"Changeset {changeset.serial}, plan `{changeset.plan.hash}`."


def _tables(document: Mapping[str, Any]) -> Iterable[str]:
    polls = {poll["poll"]: poll for poll in document["polls"]}
    for section in sections(document):
        yield ""
        yield f"## {section.word}"
        yield ""
        yield section.meaning
        yield ""
        yield f"| {' | '.join(_HEADINGS)} |"
        yield "| --- | --- | --- | ---: | ---: | --- |"
        for move in section.moves:
            source = _poll(polls[move.poll]) if move.poll else _escaped(move.rule)
            told = (_escaped(move.name), move.old, move.new, move.rank or "–", move.votes or "–", source)
            yield f"| {' | '.join(told)} |"


def _poll(poll: Mapping[str, Any]) -> str:
    label = _escaped(poll["title"] if poll["target"] else group_words(poll["group"]))
    url: str = poll["url"]
    is_address = url.startswith(("https://", "http://")) and not set(url) & set("<> \n\t")
    return f"[{label or 'Poll'}](<{url}>)" if is_address else label


def _pots(document: Mapping[str, Any]) -> Iterable[str]:
    if not document["pots"]:
        return
    yield ""
    yield "## Bounty pots that lapse" if document["kind"] == "rollback" else "## Bounty pots"
    yield ""
    yield "| For | Poll | Amount |"
    yield "| --- | --- | ---: |"
    for pot in document["pots"]:
        amount = f"{figure(pot['amount'])} {pot['unit']}"
        yield f"| {_escaped(pot['name'])} | {group_words(pot['group'])} | {amount} |"


def _escaped(text: str) -> str:
    """Plain text that Markdown shows as it is, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in line)
