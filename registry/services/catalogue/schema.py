"""What a catalogue file may hold: the keys are these fields, and there are no others."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from registry.choices import (
    BountyKind,
    BountyState,
    BountyUnit,
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    Interval,
    LinkKind,
    MaintainerKind,
    MarketType,
    OrderType,
    PaperTrading,
    PositionMode,
    ProposalKind,
    ProposalState,
    SubjectKind,
)

# The `title` of each is how a refusal names what was expected.
Slug = Annotated[
    str, Meta(title="lower-case letters, digits and - (50 at most)", pattern=r"^[a-z0-9-]+\Z", max_length=50)
]
ConnectorId = Annotated[
    str, Meta(title="lower-case letters, digits and _ (80 at most)", pattern=r"^[a-z0-9_]+\Z", max_length=80)
]
Url = Annotated[
    str,
    Meta(
        title="an http or https address (200 characters at most)", pattern=r"^https?://[^\s/]+\.\S+\Z", max_length=200
    ),
]
VoteId = Annotated[str, Meta(title="0x and 64 hex digits", pattern=r"^0x[0-9a-f]{64}\Z", max_length=66)]
WORDS = r"^\S+( +\S+)*\Z"
ShortName = Annotated[str, Meta(title="words on one line (20 characters at most)", pattern=WORDS, max_length=20)]
Name = Annotated[str, Meta(title="words on one line (120 characters at most)", pattern=WORDS, max_length=120)]
Line = Annotated[str, Meta(title="words on one line (200 characters at most)", pattern=WORDS, max_length=200)]
EpochNumber = Annotated[int, Meta(title="the number of an epoch (0 to 32767)", ge=0, le=32767)]
Text = Annotated[str, Meta(title="some text", pattern=r"\S")]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping in a file. A field with no default is a key that must be there."""


class MaintainerEntry(Entry, frozen=True, kw_only=True):
    slug: Slug
    name: Name
    kind: MaintainerKind
    url: Url | None = None


class MaintainersFile(Entry, frozen=True, kw_only=True):
    maintainers: list[MaintainerEntry]


class ProposalEntry(Entry, frozen=True, kw_only=True):
    snapshot_id: VoteId
    kind: ProposalKind
    number: ShortName
    state: ProposalState
    title: Line | None = None
    url: Url | None = None
    exchanges: list[Slug] = []


class ProposalsFile(Entry, frozen=True, kw_only=True):
    proposals: list[ProposalEntry]


class AliasEntry(Entry, frozen=True, kw_only=True):
    """One spelling and the epochs in which it was used: 0 where the first is not known, null while it still is."""

    name: Name
    from_epoch: EpochNumber = 0
    to_epoch: EpochNumber | None = None
    source: Line | None = None


class SubjectEntry(Entry, frozen=True, kw_only=True):
    kind: SubjectKind
    slug: Slug
    name: Name
    aliases: list[AliasEntry]
    exchange_type: ExchangeType | None = None


class SubjectsFile(Entry, frozen=True, kw_only=True):
    subjects: list[SubjectEntry]


class TipEntry(Entry, frozen=True, kw_only=True):
    title: Name
    text: Text


class KeyStepEntry(Entry, frozen=True, kw_only=True):
    text: Text
    points: list[Text] = []


class PaperTradingEntry(Entry, frozen=True, kw_only=True):
    mode: PaperTrading
    connector_id: ConnectorId
    url: Url | None = None
    notes: Text | None = None


class ComponentEntry(Entry, frozen=True, kw_only=True):
    kind: ComponentKind
    status: DeclaredStatus
    notes: Line | None = None
    connector_id: ConnectorId | None = None
    connection_type: ConnectionType | None = None
    folder_url: Url | None = None
    order_types: list[OrderType] = []
    position_modes: list[PositionMode] = []
    intervals: list[Interval] = []
    credential_prompts: list[Line] = []
    paper_trading: PaperTradingEntry | None = None
    usage_example: Text | None = None
    usage_url: Url | None = None


class BountyEntry(Entry, frozen=True, kw_only=True):
    tracker_id: ShortName
    kind: BountyKind
    amount: Decimal
    unit: BountyUnit
    state: BountyState
    title: Line | None = None
    component: ComponentKind | None = None
    sponsor: Name | None = None
    issue_url: Url | None = None
    proposal: VoteId | None = None


class ExchangeEntry(Entry, frozen=True, kw_only=True):
    """One file of `exchanges/`. `maintainer: null` says that nobody maintains it."""

    slug: Slug
    name: Name
    exchange_type: ExchangeType
    market_type: MarketType
    maintainer: Slug | None
    components: list[ComponentEntry]
    links: dict[LinkKind, Url] = {}
    supported_countries: Line | None = None
    supported_countries_url: Url | None = None
    has_fee_share: bool = False
    tip: TipEntry | None = None
    key_creation_steps: list[KeyStepEntry] = []
    bounties: list[BountyEntry] = []
