"""Gives what the registry holds back as the entries of catalogue files."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec
from django.db.models import Prefetch, QuerySet

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
from registry.governance.policy import parse_policy
from registry.models import Bounty, Component, Exchange, Maintainer, Maintenance, Policy, Proposal, Subject
from registry.services.catalogue.files import Catalogue
from registry.services.catalogue.schema import (
    AliasEntry,
    BountyEntry,
    ChainEntry,
    ComponentEntry,
    ExchangeEntry,
    FiledBountyEntry,
    KeyStepEntry,
    LifecycleEntry,
    MaintainerEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    ProposalEntry,
    SubjectEntry,
    TipEntry,
)

Word = TypeVar("Word")


def registry_catalogue(*, with_file: Collection[str] = ()) -> Catalogue:
    """The whole registry as its files would state it, but for what governance decided: epochs, tiers, pots, ledger.

    An exchange of name and type alone is left to subjects.yaml, unless its slug is among *with_file*.
    """
    voted_on = _subjects()
    subjects = {entry.slug: entry for entry in voted_on if entry.kind == SubjectKind.EXCHANGE}
    exchanges = tuple(
        entry
        for entry in entries()
        if entry.slug in with_file or not (_is_bare(entry) and _has_own_names(subjects.get(entry.slug), entry))
    )
    filed = {entry.slug: entry for entry in exchanges}
    named = tuple(
        subject
        for subject in voted_on
        if subjects.get(subject.slug) is not subject
        or subject.slug not in filed
        or _has_own_names(subject, filed[subject.slug])
    )
    return Catalogue(
        maintainers=maintainer_entries(),
        proposals=_proposals(),
        exchanges=exchanges,
        subjects=named,
        policies=tuple(parse_policy(policy.document, file=Path(str(policy))) for policy in Policy.objects.all()),
        bounties=_filed_bounties(),
    )


def entries() -> tuple[ExchangeEntry, ...]:
    """Every exchange as its file would state it, by slug, in a fixed number of queries. Raises as `entry_of` does."""
    return tuple(entry_of(exchange) for exchange in whole(Exchange.objects.order_by("slug")))


def maintainer_entries() -> tuple[MaintainerEntry, ...]:
    """By slug."""
    return tuple(
        MaintainerEntry(slug=row.slug, name=row.name, kind=MaintainerKind(row.kind), url=row.url or None)
        for row in Maintainer.objects.order_by("slug")
    )


def whole(exchanges: QuerySet[Exchange]) -> QuerySet[Exchange]:
    """With all that `entry_of` reads, so that it asks nothing more for each."""
    return exchanges.select_related("renamed_to").prefetch_related(
        "links",
        "components",
        Prefetch("maintenances", queryset=Maintenance.objects.select_related("maintainer")),
        Prefetch("bounties", queryset=Bounty.objects.select_related("component", "proposal")),
    )


def entry_of(exchange: Exchange) -> ExchangeEntry:
    """The exchange as its file would state it, removed components and the bounties that a file can hold included.

    Reads relations as they were prefetched: an exchange of `for_index` would lack its removed components. Raises
    msgspec.ValidationError where a list holds what the catalogue has no word for, which the admin does not let in.
    """
    return ExchangeEntry(
        slug=exchange.slug,
        name=exchange.name,
        exchange_type=_word(ExchangeType, exchange.exchange_type),
        market_type=_word(MarketType, exchange.market_type),
        lifecycle=LifecycleEntry(
            state=Lifecycle(exchange.lifecycle),
            removed_in=exchange.removed_in or None,
            renamed_to=exchange.renamed_to.slug if exchange.renamed_to else None,
            source=exchange.lifecycle_source or None,
        ),
        partnership=_word(Partnership, exchange.partnership),
        maintainers=[_maintenance(one) for one in exchange.maintenances.all()],
        chains=_list(exchange, "chains", list[ChainEntry]),
        links={LinkKind(link.kind): link.url for link in exchange.links.all()},
        supported_countries=exchange.supported_countries or None,
        supported_countries_url=exchange.supported_countries_url or None,
        has_fee_share=exchange.has_fee_share,
        tip=TipEntry(title=exchange.tip_title, text=exchange.tip) if exchange.tip else None,
        key_creation_steps=_list(exchange, "key_creation_steps", list[KeyStepEntry]),
        components=[component_entry(one) for one in exchange.components.all()],
        bounties=[
            _bounty(one, one.amount)
            for one in sorted(exchange.bounties.all(), key=lambda one: one.pk)
            if one.amount is not None and fits_an_exchange_file(one)
        ],
    )


def fits_an_exchange_file(bounty: Bounty) -> bool:
    """Whether a file of an exchange can say all of it: not so of what the tracker stated, which is dated."""
    beyond = (bounty.last_synced_at, bounty.named, bounty.assignee, bounty.fingerprint, bounty.part != 1)
    return not any(beyond) and bounty.exchange_id is not None and bounty.amount is not None and bool(bounty.unit)


def _is_bare(entry: ExchangeEntry) -> bool:
    """Known by name and type alone, as subjects.yaml can say it."""
    bare = ExchangeEntry(
        slug=entry.slug, name=entry.name, exchange_type=entry.exchange_type, market_type=None, components=[]
    )
    return entry == bare and entry.exchange_type is not None


def _has_own_names(subject: SubjectEntry | None, entry: ExchangeEntry) -> bool:
    """Whether it goes by more than the name of its exchange, which a load knows without being told."""
    return subject is not None and (subject.name, subject.aliases) != (entry.name, [AliasEntry(name=entry.name)])


def _subjects() -> list[SubjectEntry]:
    """Exchanges, chains and strategies, each by slug; spellings by the epoch in which they begin, undated ones last."""
    rows = Subject.objects.select_related("exchange").prefetch_related("aliases")
    kinds = list(SubjectKind)
    return [
        SubjectEntry(
            kind=SubjectKind(row.kind),
            slug=row.slug,
            name=row.name,
            exchange_type=_word(ExchangeType, row.exchange.exchange_type) if row.exchange else None,
            aliases=[
                AliasEntry(name=one.name, from_epoch=one.from_epoch, to_epoch=one.to_epoch, source=one.source or None)
                for one in sorted(row.aliases.all(), key=lambda one: (not one.from_epoch, one.from_epoch, one.name))
            ],
        )
        for row in sorted(rows, key=lambda row: (kinds.index(SubjectKind(row.kind)), row.slug))
    ]


def _proposals() -> tuple[ProposalEntry, ...]:
    return tuple(
        ProposalEntry(
            snapshot_id=row.snapshot_id or None,
            kind=ProposalKind(row.kind),
            number=row.number or None,
            title=row.title or None,
            url=row.url or None,
            space=None if row.url else row.space or None,
            state=ProposalState(row.state),
            exchanges=sorted(exchange.slug for exchange in row.exchanges.all()),
        )
        for row in Proposal.objects.prefetch_related("exchanges").order_by("kind", "number", "snapshot_id")
    )


def _filed_bounties() -> tuple[FiledBountyEntry, ...]:
    rows = Bounty.objects.select_related("exchange", "component", "proposal")
    ordered = rows.order_by("exchange__slug", "tracker_id", "issue_url", "part", "pk")
    return tuple(
        FiledBountyEntry(
            tracker_id=row.tracker_id,
            part=row.part,
            exchange=row.exchange.slug if row.exchange else None,
            component=ComponentKind(row.component.kind) if row.component else None,
            named=row.named or None,
            title=row.title or None,
            kind=BountyKind(row.kind),
            sponsor=row.sponsor or None,
            amount=row.amount,
            unit=_word(BountyUnit, row.unit),
            state=BountyState(row.state),
            issue_url=row.issue_url or None,
            assignee=row.assignee or None,
            proposal=_vote(row.proposal),
            fingerprint=row.fingerprint or None,
            last_synced_at=row.last_synced_at,
        )
        for row in ordered
        if not fits_an_exchange_file(row)
    )


def _vote(proposal: Proposal | None) -> str | None:
    """What a bounty names it by."""
    return (proposal.snapshot_id or proposal.number) if proposal else None


def _word(kind: type[Word], value: str) -> Word | None:
    """The member of a closed list that a column holds; columns say "" for none."""
    return kind(value) if value else None  # type: ignore[call-arg]  # the members' types take one


def _list(row: Exchange | Component, column: str, kind: type[list[Word]]) -> list[Word]:
    """What a column of a list holds; a refusal of it names the row and the column."""
    try:
        return msgspec.convert(getattr(row, column), kind)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{row}: {column}: {error}") from error


def _maintenance(row: Maintenance) -> MaintenanceEntry:
    return MaintenanceEntry(
        maintainer=row.maintainer.slug if row.maintainer else None,
        state=MaintenanceState(row.state),
        since=row.since,
        last_confirmed=row.last_confirmed,
        source=row.source or None,
    )


def component_entry(row: Component) -> ComponentEntry:
    """As `entry_of` has it, and with what it raises."""
    return ComponentEntry(
        kind=ComponentKind(row.kind),
        status=DeclaredStatus(row.status),
        notes=row.notes or None,
        removed_in=row.removed_in or None,
        connector_id=row.connector_id or None,
        connector_version=row.connector_version or None,
        v2_strategies=row.v2_strategies,
        connection_type=_word(ConnectionType, row.connection_type),
        folder_url=row.folder_url or None,
        api_docs_url=row.api_docs_url or None,
        configs_url=row.configs_url or None,
        order_types=_list(row, "order_types", list[OrderType]),
        position_modes=_list(row, "position_modes", list[PositionMode]),
        intervals=_list(row, "intervals", list[Interval]),
        credential_prompts=_list(row, "credential_prompts", list[str]),
        paper_trading=_paper_trading(row),
        usage_example=row.usage_example or None,
        usage_url=row.usage_url or None,
    )


def _paper_trading(row: Component) -> PaperTradingEntry | None:
    mode = _word(PaperTrading, row.paper_trading)
    if mode is None:
        return None
    return PaperTradingEntry(
        mode=mode, connector_id=row.paper_connector_id or None, url=row.paper_url or None, notes=row.paper_notes or None
    )


def _bounty(row: Bounty, amount: Decimal) -> BountyEntry:
    return BountyEntry(
        tracker_id=row.tracker_id,
        kind=BountyKind(row.kind),
        amount=amount,
        unit=BountyUnit(row.unit),
        state=BountyState(row.state),
        title=row.title or None,
        component=ComponentKind(row.component.kind) if row.component else None,
        sponsor=row.sponsor or None,
        issue_url=row.issue_url or None,
        proposal=_vote(row.proposal),
    )
