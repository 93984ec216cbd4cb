"""How a plan reads: its moves and what goes with them, in words and shapes, for pages, posts and terminals alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.choices import ChoiceMapping, Tier
from registry.governance.wording import figure, listed, margin_words, percent, rule_words
from registry.services.epochs.moves import CHANGES
from registry.services.epochs.wording import group_words, rank_words, tier_words, votes_words

Document = Mapping[str, Any]

# Each change has a shape of its own, so that no colour has to tell them apart.
SHAPES = {"promoted": "▲", "demoted": "▼", "entered": "+", "left": "−", "ended": "○", "unchanged": "="}


@dataclass(frozen=True, slots=True)
class Move:
    """One exchange's line. Every text is ready to print; "" where the plan says nothing."""

    exchange: str
    name: str
    old: str
    new: str
    poll: int | None
    group: str
    rank: str
    votes: str
    share: str
    margins: tuple[str, ...]
    rule: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All moves of one kind, under a heading such as "▲ Promoted: 2"."""

    change: str
    shape: str
    word: str
    meaning: str
    moves: tuple[Move, ...]

    @property
    def heading(self) -> str:
        return f"{self.shape} {self.word}: {len(self.moves)}"


def sections(document: Document) -> list[Section]:
    """The moves by what changes, what changes most first; kinds that nothing falls under are left out."""
    found = []
    for change, (word, meaning) in CHANGES.items():
        moves = tuple(move_words(move) for move in document["moves"] if move["change"] == change)
        if moves:
            found.append(Section(change, SHAPES[change], word, meaning, moves))
    return found


def move_words(move: Mapping[str, Any]) -> Move:
    return Move(
        exchange=move["exchange"],
        name=move["name"],
        old=tier_words(move["old"]),
        new=tier_words(move["new"]),
        poll=move["poll"],
        group=group_words(move["group"]),
        rank=rank_words(move),
        votes=votes_words(move),
        share=percent(move["share"]),
        margins=tuple(margin_words(move)),
        rule=rule_words(move["rule"]),
        notes=(move["note"],) if move["note"] else (),
    )


@dataclass(frozen=True, slots=True)
class PollLine:
    """How one choice of a poll was read. Every field is ready to print."""

    rank: str
    name: str
    means: str
    votes: str
    rule: str


def polls_read(document: Document) -> list[tuple[str, list[PollLine]]]:
    """Every poll of a plan by its heading, with its choices in the order of their ranks."""
    return [
        (poll_heading(poll), [_poll_line(choice) for choice in poll["choices"]]) for poll in document.get("polls", ())
    ]


def poll_heading(poll: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (group_words(poll["group"]), poll["title"])))


def _poll_line(choice: Mapping[str, Any]) -> PollLine:
    return PollLine(
        rank=str(choice["rank"] or "none"),
        name=choice["name"],
        means="left out" if choice["mapping"] == ChoiceMapping.IGNORED else choice["subject"] or "",
        votes=votes_words(choice) or "not stated",
        rule=rule_words(choice["rule"]),
    )


def asides(document: Document) -> list[tuple[str, list[str]]]:
    """What else a plan or a what-if says, by heading, where it says anything: questions, warnings, effects, pots."""
    said = [
        ("Open questions", [question_words(question) for question in document.get("questions", ())]),
        ("Waits for an answer", [f"{one['name']}: {tier_words(one)}" for one in document.get("open", ())]),
        ("Warnings", list(document.get("warnings", ()))),
        ("Overrides", [_override_words(override) for override in document.get("overrides", ())]),
        ("Decisions taken for it", [decision_words(decision, document) for decision in document.get("decisions", ())]),
        ("What it will move", [effect["text"] for effect in document.get("effects", ())]),
        ("Pots", [pot_words(pot) for pot in document.get("pots", ())]),
        ("In no poll, so it stands", [f"{one['name']}: {tier_words(one)}" for one in document.get("absent", ())]),
    ]
    return [(heading, sentences) for heading, sentences in said if sentences]


def choice_names(document: Document, group: str) -> dict[int, str]:
    """The names that the choices of one poll have in it, by index."""
    polls = (poll for poll in document.get("polls", ()) if poll["group"] == group)
    return {choice["index"]: choice["name"] for poll in polls for choice in poll["choices"]}


def decision_words(decision: Mapping[str, Any], document: Document) -> str:
    """A decision as a sentence: "CEX connectors: in this order: A, B (because …)"."""
    names = choice_names(document, decision["group"])
    named = [names.get(index, f"choice {index}") for index in decision["choices"]]
    said = {
        "order": f"in this order: {', '.join(named)}",
        "include": f"stays in the release: {listed(named)}",
        "exclude": f"leaves the release: {listed(named)}",
        "stands": f"keeps what it has: {listed(named)}",
    }[decision["kind"]]
    return f"{group_words(decision['group'])}: {said} (because {decision['reason']})"


def question_words(question: Mapping[str, Any]) -> str:
    return f"{group_words(question['group'])}: {question['text']}"


def _override_words(override: Mapping[str, Any]) -> str:
    tier = str(Tier(override["tier"]).label) if override["tier"] else "no tier"
    return f"{override['name']}: {tier} until {override['expires_on']}, because {override['reason']}"


def pot_words(pot: Mapping[str, Any]) -> str:
    """A pot, or in a what-if what becomes of one."""
    if "amount" in pot:
        amounts = f"{figure(pot['amount'])} {pot['unit']}"
    else:
        old, new = (f"{figure(pot[side])} {pot['unit']}" if pot[side] else "none" for side in ("old", "new"))
        amounts = f"{old}, now {new}"
    beside = ", ".join(filter(None, (group_words(pot["group"]), pot.get("basis"))))
    return f"{pot['name']}: {amounts} ({beside})"
