"""How two documents of one epoch's plan differ, in sentences: what a stale plan is refused with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from registry.governance.wording import figure
from registry.services.epochs.wording import group_words, tier_words

Document = Mapping[str, Any]


def difference(planned: Document, now: Document) -> list[str]:
    """What is different *now* from what was *planned*; never empty for documents whose hashes differ."""
    return list(_differing(planned, now)) or ["What it was computed from reads differently: plan again to see it."]


def _differing(planned: Document, now: Document) -> Iterable[str]:
    if planned["kind"] == "rollback":
        if planned["reverses"] != now["reverses"]:
            yield f"It would take back changeset {now['reverses']}, and was planned for {planned['reverses']}."
    else:
        yield from _inputs(planned, now)
    yield from _moves(planned, now)
    if planned["base"] != now["base"]:
        yield "The registry's state, which the plan starts from, has changed."
    if planned["pots"] != now["pots"]:
        yield from _pots(planned, now)
    new_questions = [question["text"] for question in now["questions"] if question not in planned["questions"]]
    yield from (f"A question is open: {text}" for text in new_questions)
    new_warnings = [warning for warning in now["warnings"] if warning not in planned["warnings"]]
    yield from (f"A warning is new: {warning}" for warning in new_warnings)


def _inputs(planned: Document, now: Document) -> Iterable[str]:
    if planned["policy"] != now["policy"]:
        yield f"The rules are {_policy(now)}, and were {_policy(planned)}."
    if planned["effective_from"] != now["effective_from"]:
        yield f"It would take effect on {now['effective_from']}, and was to on {planned['effective_from']}."
    if planned["decisions"] != now["decisions"]:
        yield "The decisions are different ones."
    if planned["overrides"] != now["overrides"]:
        yield "The overrides are different ones."
    yield from _polls(planned, now)


def _policy(document: Document) -> str:
    policy = document["policy"]
    return f"{policy['slug']} v{policy['version']} ({policy['sha256'][:12]})"


def _polls(planned: Document, now: Document) -> Iterable[str]:
    before = {poll["poll"]: poll for poll in planned["polls"]}
    after = {poll["poll"]: poll for poll in now["polls"]}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            yield f"{group_words(new['group'])}: the poll was imported since."
        elif new is None and old is not None:
            yield f"{group_words(old['group'])}: the poll was taken out since."
        elif old is not None and new is not None:
            yield from _poll(old, new)


def _poll(old: Document, new: Document) -> Iterable[str]:
    name = group_words(new["group"])
    if old["evidence"] != new["evidence"] or old["results"] != new["results"]:
        yield f"{name}: the result is another one."
    if old["target"] != new["target"]:
        yield f"{name}: it is about another exchange, or asks for something else."
    before = {choice["name"]: choice for choice in old["choices"]}
    for choice in new["choices"]:
        was = before.get(choice["name"], choice)
        if (was["mapping"], was["kind"], was["subject"]) != (choice["mapping"], choice["kind"], choice["subject"]):
            yield f"{name}: {choice['name']} stands for {_meant(choice)}, and stood for {_meant(was)}."


def _meant(choice: Document) -> str:
    return choice["subject"] or "nothing"


def _moves(planned: Document, now: Document) -> Iterable[str]:
    before = {move["exchange"]: move for move in planned["moves"]}
    after = {move["exchange"]: move for move in now["moves"]}
    for slug in sorted(before.keys() | after.keys()):
        old, new = before.get(slug), after.get(slug)
        if old is None and new is not None:
            yield f"{new['name']} is decided about now: {_move(new)}."
        elif new is None and old is not None:
            yield f"{old['name']} is no longer decided about; it was: {_move(old)}."
        elif old is not None and new is not None and _move(old) != _move(new):
            yield f"{new['name']}: {_move(new)}; it was: {_move(old)}."


def _move(move: Document) -> str:
    return f"{move['change']}, from {tier_words(move['old'])} to {tier_words(move['new'])}"


def _pots(planned: Document, now: Document) -> Iterable[str]:
    before = {(pot["group"], pot["kind"], pot["subject"]): pot for pot in planned["pots"]}
    after = {(pot["group"], pot["kind"], pot["subject"]): pot for pot in now["pots"]}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            name = (new or old or {})["name"]
            yield f"Pot of {name} ({group_words(key[0])}): {_amount(new)}; it was: {_amount(old)}."


def _amount(pot: Document | None) -> str:
    return f"{figure(pot['amount'])} {pot['unit']}" if pot else "none"
