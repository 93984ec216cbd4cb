"""The closed vocabulary of policy documents: their keys are these fields, their words these lists; no code."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from registry.choices import PollGroup, Voting
from registry.governance.canonical import digest

# The end of a text in every dialect of regular expressions: JSON Schema knows no \Z, and Python's $ lets a newline by.
END = r"(?![\s\S])"
MOST_ITEMS = 50
"""Of any list of a document. Rules that people vote on are short, and whoever asks a what-if may send any."""
Slug = Annotated[
    str, Meta(title="lower-case letters, digits and - (50 at most)", pattern=rf"^[a-z0-9-]+{END}", max_length=50)
]
Line = Annotated[
    str, Meta(title="words on one line (200 characters at most)", pattern=rf"^\S+( +\S+)*{END}", max_length=200)
]
# One spelling for one number, so that equal documents have equal hashes.
Votes = Annotated[
    str,
    Meta(
        title='votes in quotes, such as "200000"',
        pattern=rf"^(0|[1-9][0-9]*)(\.[0-9]{{0,17}}[1-9])?{END}",
        max_length=40,
    ),
]
Hbot = Annotated[
    str, Meta(title='whole HBOT above zero in quotes, such as "400000"', pattern=rf"^[1-9][0-9]*{END}", max_length=20)
]
Percent = Annotated[
    str, Meta(title='percent below 100 in quotes, such as "50"', pattern=rf"^[1-9]?[0-9](\.[0-9]?[1-9])?{END}")
]
Number = Annotated[int, Meta(title="a whole number from 1", ge=1, le=32767)]
Ranks = Annotated[
    tuple[Number, Number | None],
    Meta(title="the first and the last rank, such as [2, 4], or [5, null] where it has no end"),
]


class PolicyKind(StrEnum):
    RANKED_POLLS = "ranked_polls"  # one poll of many choices per group and epoch
    SINGLE_PROPOSALS = "single_proposals"  # for or against, one exchange at a time


class OrderBy(StrEnum):
    VOTES = "votes"


class Direction(StrEnum):
    DESC = "desc"


class TieRule(StrEnum):
    NEEDS_DECISION = "needs_decision"  # a tie across a cut waits for a person; inside a band it decides nothing


class RankAmong(StrEnum):
    ALL = "all"  # who is out keeps the place it took; nobody moves up into it
    ELIGIBLE = "eligible"  # ranks count only those that are in


class Below(StrEnum):
    LEAVES = "leaves"  # the code leaves with the next release


class QuorumOf(StrEnum):
    TOTAL = "total"  # the votes over all choices


class Label(StrEnum):
    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"
    CORE = "core"  # of strategies, as is the next
    COMMUNITY = "community"


class PoolShare(StrEnum):
    PRO_RATA = "pro_rata"  # votes over the votes of those that share


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping in a document. A field with no default is a key that must be there."""


class Order(Rule, frozen=True, kw_only=True):
    by: OrderBy
    dir: Direction


class Eligibility(Rule, frozen=True, kw_only=True):
    """At least `min_votes`, or else."""

    min_votes: Votes | None
    otherwise: Below

    @property
    def threshold(self) -> Decimal | None:
        return None if self.min_votes is None else Decimal(self.min_votes)


class Quorum(Rule, frozen=True, kw_only=True):
    votes: Votes
    of: QuorumOf


class Band(Rule, frozen=True, kw_only=True):
    """`groups` null: every group that no other band names. `allocation` null: it gets no pot."""

    label: Label
    ranks: Ranks
    allocation: Hbot | None = None
    groups: list[PollGroup] | None = None

    @property
    def span(self) -> str:
        """Its ranks as a reader writes them: "rank 1", "ranks 2 to 4", "ranks from 5 on"."""
        first, last = self.ranks
        if last is None:
            return f"ranks from {first} on"
        return f"rank {first}" if first == last else f"ranks {first} to {last}"

    def holds(self, rank: int) -> bool:
        first, last = self.ranks
        return first <= rank and (last is None or rank <= last)


class Pool(Rule, frozen=True, kw_only=True):
    """HBOT per poll, shared by the best `top` that are in (null: by all of them), each with at most `cap`."""

    amount: Hbot
    top: Number | None
    cap: Hbot | None
    share: PoolShare


class SlotRule(Rule, frozen=True, kw_only=True):
    """In a poll with exactly so many choices, so many of the lowest leave with the next epoch."""

    choices: Number
    drop_lowest_next: Number


class Slots(Rule, frozen=True, kw_only=True):
    limit: Number
    rules: list[SlotRule]


class Passing(Rule, frozen=True, kw_only=True):
    """A single proposal passes with more than `over_percent` of the votes for and against, and the quorum over all."""

    over_percent: Percent
    quorum_votes: Votes | None


class PolicyDocument(Rule, frozen=True, kw_only=True):
    """One version of the rules of one regime. Which keys go with which kind: `registry.governance.policy`."""

    slug: Slug
    version: Number
    title: Line
    kind: PolicyKind
    from_epoch: Number
    to_epoch: Number | None
    sources: list[Line]
    groups: list[PollGroup]
    voting: list[Voting]
    days: Number | None
    in_force_from: date | None = None
    order: list[Order] = []
    tie: TieRule | None = None
    rank_among: RankAmong | None = None
    eligibility: Eligibility | None = None
    quorum: Quorum | None = None
    bands: list[Band] = []
    pool: Pool | None = None
    slots: Slots | None = None
    passing: Passing | None = None

    def __str__(self) -> str:
        return f"{self.slug} v{self.version}"

    def to_builtins(self) -> dict[str, Any]:
        """Every key, JSON-able: strings, whole numbers, lists and null; never a float."""
        # By way of JSON, so that it equals what a database gives back: msgspec.to_builtins leaves tuples.
        document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return document

    @property
    def sha256(self) -> str:
        """Of the document in canonical JSON."""
        return digest(self.to_builtins())

    @property
    def threshold(self) -> Decimal | None:
        """Votes that a choice must have at least; None: there is no such rule."""
        return self.eligibility.threshold if self.eligibility else None

    @property
    def has_tiers(self) -> bool:
        return bool(self.bands)

    def bands_of(self, group: PollGroup) -> tuple[tuple[int, Band], ...]:
        """The bands that hold for *group*, best first, each with its place in the document."""
        named = [(place, band) for place, band in enumerate(self.bands) if band.groups and group in band.groups]
        return tuple(named or ((place, band) for place, band in enumerate(self.bands) if band.groups is None))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy document, as `policy.schema.json` has it."""
    schema = msgspec.json.schema(PolicyDocument, schema_hook=_words)
    _bound_lists(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Governance policy of Bellwether",
        **schema,
    }


def _bound_lists(schema: Any) -> None:
    """Writes into each list of *schema* how long it may be."""
    if isinstance(schema, dict):
        if schema.get("type") == "array":
            schema.setdefault("maxItems", MOST_ITEMS)
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            _bound_lists(part)


def _words(kind: type) -> dict[str, Any]:
    """Of the registry's own closed lists, which msgspec does not take for enums."""
    if not issubclass(kind, Enum):
        raise NotImplementedError  # as msgspec asks of a hook
    return {"type": "string", "enum": [str(word.value) for word in kind]}
