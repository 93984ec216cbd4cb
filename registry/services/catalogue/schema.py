"""What a catalogue file may hold: the keys are these fields, and there are no others."""

from __future__ import annotations

from datetime import date, datetime
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
    Lifecycle,
    LinkKind,
    MaintainerKind,
    MaintenanceState,
    MarketType,
    OrderType,
    PaperTrading,
    Partnership,
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
    str,
    Meta(title="letters, digits and _ - / [ ] (80 at most)", pattern=r"^[A-Za-z0-9_\-/\[\]]+\Z", max_length=80),
]
Release = Annotated[str, Meta(title="a release such as 1.13.0", pattern=r"^[0-9]+(\.[0-9]+){1,2}\Z", max_length=20)]
Version = Annotated[str, Meta(title="a version such as v2.1", pattern=r"^v[0-9]+\.[0-9]+\Z", max_length=10)]
ADDRESS = r"^https?://[^\s/]+\.\S+\Z"
Url = Annotated[str, Meta(title="an http or https address (200 characters at most)", pattern=ADDRESS, max_length=200)]
LongUrl = Annotated[
    str, Meta(title="an http or https address (500 characters at most)", pattern=ADDRESS, max_length=500)
]
VoteId = Annotated[str, Meta(title="0x and 64 hex digits", pattern=r"^0x[0-9a-f]{64}\Z", max_length=66)]
WORDS = r"^\S+( +\S+)*\Z"
ShortName = Annotated[str, Meta(title="words on one line (20 characters at most)", pattern=WORDS, max_length=20)]
Name = Annotated[str, Meta(title="words on one line (120 characters at most)", pattern=WORDS, max_length=120)]
Line = Annotated[str, Meta(title="words on one line (200 characters at most)", pattern=WORDS, max_length=200)]
Notes = Annotated[str, Meta(title="words on one line (500 characters at most)", pattern=WORDS, max_length=500)]
Space = Annotated[str, Meta(title="a space such as hbot.eth (80 characters at most)", pattern=WORDS, max_length=80)]
Title = Annotated[str, Meta(title="words on one line (300 characters at most)", pattern=WORDS, max_length=300)]
Fingerprint = Annotated[str, Meta(title="64 hex digits", pattern=r"^[0-9a-f]{64}\Z", max_length=64)]
Part = Annotated[int, Meta(title="which part of one issue (1 to 99)", ge=1, le=99)]
Moment = Annotated[datetime, Meta(title="a time with its zone (2026-11-21T19:00:00Z)", tz=True)]
Vote = Annotated[
    str, Meta(title="the vote id of a proposal, or its number where no id is known", pattern=WORDS, max_length=66)
]
EpochNumber = Annotated[int, Meta(title="the number of an epoch (0 to 32767)", ge=0, le=32767)]
Text = Annotated[str, Meta(title="some text", pattern=r"\S")]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping in a file, printed in this order. A field with no default is a key that must be there."""


class MaintainerEntry(Entry, frozen=True, kw_only=True):
    slug: Slug
    name: Name
    kind: MaintainerKind
    url: Url | None = None


class MaintainersFile(Entry, frozen=True, kw_only=True):
    maintainers: list[MaintainerEntry]


class ProposalEntry(Entry, frozen=True, kw_only=True):
    """`snapshot_id` null: a vote whose id nobody knows. `space` is for one without a link, which has it in itself."""

    snapshot_id: VoteId | None
    kind: ProposalKind
    number: ShortName | None
    title: Title | None = None
    url: LongUrl | None = None
    space: Space | None = None
    state: ProposalState
    exchanges: list[Slug] = []

    @property
    def key(self) -> str:
        """What a bounty names it by."""
        return self.snapshot_id or self.number or ""


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
    exchange_type: ExchangeType | None = None
    aliases: list[AliasEntry]


class SubjectsFile(Entry, frozen=True, kw_only=True):
    subjects: list[SubjectEntry]


class LifecycleEntry(Entry, frozen=True, kw_only=True):
    state: Lifecycle
    removed_in: Release | None = None
    renamed_to: Slug | None = None
    source: Title | None = None


class MaintenanceEntry(Entry, frozen=True, kw_only=True):
    """`maintainer: null` goes with the state seeking, and with no other."""

    maintainer: Slug | None
    state: MaintenanceState
    since: date | None = None
    last_confirmed: date | None = None
    source: Title | None = None


class ChainEntry(Entry, frozen=True, kw_only=True):
    chain: Name
    networks: list[Name] = []


class TipEntry(Entry, frozen=True, kw_only=True):
    title: Name
    text: Text


class KeyStepEntry(Entry, frozen=True, kw_only=True):
    text: Text
    points: list[Text] = []


class PaperTradingEntry(Entry, frozen=True, kw_only=True):
    mode: PaperTrading
    connector_id: ConnectorId | None = None
    url: LongUrl | None = None
    notes: Text | None = None


class ComponentEntry(Entry, frozen=True, kw_only=True):
    kind: ComponentKind
    status: DeclaredStatus
    notes: Notes | None = None
    removed_in: Release | None = None
    connector_id: ConnectorId | None = None
    connector_version: Version | None = None
    v2_strategies: bool | None = None
    connection_type: ConnectionType | None = None
    folder_url: LongUrl | None = None
    api_docs_url: LongUrl | None = None
    configs_url: LongUrl | None = None
    order_types: list[OrderType] = []
    position_modes: list[PositionMode] = []
    intervals: list[Interval] = []
    credential_prompts: list[Line] = []
    paper_trading: PaperTradingEntry | None = None
    usage_example: Text | None = None
    usage_url: LongUrl | None = None


class BountyEntry(Entry, frozen=True, kw_only=True):
    tracker_id: ShortName
    title: Title | None = None
    component: ComponentKind | None = None
    kind: BountyKind
    sponsor: Name | None = None
    amount: Decimal
    unit: BountyUnit
    state: BountyState
    issue_url: LongUrl | None = None
    proposal: Vote | None = None


class FiledBountyEntry(Entry, frozen=True, kw_only=True):
    """A bounty of `bounties.yaml`: what no file of an exchange can say, above all when the tracker stated it."""

    tracker_id: ShortName
    part: Part = 1
    exchange: Slug | None = None
    component: ComponentKind | None = None
    named: Name | None = None
    title: Title | None = None
    kind: BountyKind
    sponsor: Name | None = None
    amount: Decimal | None
    unit: BountyUnit | None
    state: BountyState
    issue_url: LongUrl | None = None
    assignee: Name | None = None
    proposal: Vote | None = None
    fingerprint: Fingerprint | None = None
    last_synced_at: Moment | None = None


class BountiesFile(Entry, frozen=True, kw_only=True):
    bounties: list[FiledBountyEntry]


class ExchangeEntry(Entry, frozen=True, kw_only=True):
    """One file of `exchanges/`. Without `maintainers`, nobody maintains it."""

    slug: Slug
    name: Name
    exchange_type: ExchangeType | None
    market_type: MarketType | None
    lifecycle: LifecycleEntry = LifecycleEntry(state=Lifecycle.ACTIVE)
    partnership: Partnership | None = None
    maintainers: list[MaintenanceEntry] = []
    chains: list[ChainEntry] = []
    links: dict[LinkKind, LongUrl] = {}
    supported_countries: Line | None = None
    supported_countries_url: Url | None = None
    has_fee_share: bool = False
    tip: TipEntry | None = None
    key_creation_steps: list[KeyStepEntry] = []
    components: list[ComponentEntry]
    bounties: list[BountyEntry] = []
