"""Holds the registry's tiers against those that the trading client carried itself, version by version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from django.utils.text import slugify

from registry.choices import Tier
from registry.drift.findings import Aside, Comparison, Finding, Kind, counted, joined
from registry.drift.register import Register, tier_since
from registry.importers.client_tiers import ClientTiers, read_client_tiers
from registry.public.standing import Standing
from registry.services.catalogue.files import CATALOGUE_DIR

SHIPPED_TIERS = CATALOGUE_DIR / "client-tiers.json"

LIST_ENDED = (
    "The client dropped its list on 2024-03-13 (hummingbot/hummingbot@a346ab9388), so this is a record, "
    "and there is nothing left to mend in it."
)


@cache
def shipped_tiers() -> tuple[ClientTiers, ...]:
    """The versions that ship with the catalogue, oldest first. They do not change while a process runs."""
    return read_client_tiers(SHIPPED_TIERS.read_bytes(), SHIPPED_TIERS.name)


def client_drift(version: ClientTiers, register: Register, day: date, *, is_record: bool = False) -> Comparison:
    """The tiers of one version held against those that stood on *day*. No query: *register* has all.

    *is_record*: the list is no longer there to be mended.
    """
    listed, unmapped = _by_exchange(version, register)
    rows = [
        _Row(slug, register, register.standing(slug, day), listed.get(slug, {}), version)
        for slug in register.exchanges
        if register.successor(slug) == slug
    ]
    compared = [row for row in rows if row.tiers or row.standing.tier]
    without_tiers = _tiers_had_ended(rows)
    findings = [finding for row in compared for finding in row.findings(without_tiers=without_tiers)]
    differing = {finding.exchange for finding in findings}
    return Comparison(
        key=_key(version),
        title=_title(version, day),
        compared=(
            f"{counted(len(version.tiers), 'connector id')} of {version.source} against the registry’s tiers "
            f"as of {day}."
        ),
        other_side="The client says",
        findings=tuple(replace(finding, remedy="") for finding in findings) if is_record else tuple(findings),
        agreed=(agreed := sum(1 for row in compared if row.slug not in differing)),
        agreement=f"{counted(agreed, 'exchange').capitalize()} {'agrees' if agreed < 2 else 'agree'}.",
        asides=_asides(unmapped, version),
        note=" ".join(filter(None, [*_notes(rows, version, day, register), LIST_ENDED if is_record else ""])),
        remark=version.note,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One exchange: where it stood, and what the client's ids of it say."""

    slug: str
    register: Register
    standing: Standing
    tiers: Mapping[str, str]  # by connector id
    version: ClientTiers

    def findings(self, *, without_tiers: bool) -> Iterator[Finding]:
        said = set(self.tiers.values())
        voted = self.standing.tier
        ids = list(self.tiers)
        if not said:
            yield self._finding(
                Kind.ONLY_REGISTRY, f"Add its ids to the client’s list as {voted}, or add the name it has there."
            )
        elif without_tiers:
            yield self._finding(Kind.AFTER_TIERS, "Drop the label: the rules of that day give no tiers.")
        elif len(said) > 1:
            wrong = [connector_id for connector_id in ids if self.tiers[connector_id] != voted] if voted else ids
            yield self._finding(
                Kind.IDS_DISAGREE,
                f"A tier belongs to the exchange: set {joined(wrong)} to {voted}."
                if voted
                else "A tier belongs to the exchange: give all its ids the same one.",
            )
        elif not voted:
            yield self._finding(
                Kind.ONLY_FILE,
                f"Record the decision that gave it the tier, or take {joined(ids)} out of the client’s list.",
            )
        elif said != {voted}:
            yield self._finding(Kind.DIFFERS, f"The poll decides: set {joined(ids)} to {voted}.")

    def _finding(self, kind: Kind, remedy: str) -> Finding:
        standing = self.standing
        since = tier_since(standing)
        return Finding(
            kind=kind,
            exchange=self.slug,
            name=self.register.exchanges[self.slug].name,
            about="Tier",
            registry=standing.tier_label if standing.tier else _no_tier(standing, with_vote=kind is Kind.AFTER_TIERS),
            other=self._said(),
            since=since,
            since_what=f"{standing.tier_label} in the registry" if since else "",
            where=self._where(),
            remedy=remedy,
        )

    def _said(self) -> str:
        """Bronze; or where the ids disagree, Bronze (injective) and Silver (injective_v2); not listed."""
        by_tier = {
            tier: [connector_id for connector_id, said in self.tiers.items() if said == tier] for tier in Tier.values
        }
        parts = [f"{Tier(tier).label} ({joined(ids)})" for tier, ids in by_tier.items() if ids]
        return " and ".join(parts) or "Not listed"

    def _where(self) -> str:
        lines = [str(self.version.lines[connector_id]) for connector_id in self.tiers if self.version.lines]
        return f"{self.version.source}:{','.join(lines)}" if lines else ""


def _no_tier(standing: Standing, *, with_vote: bool) -> str:
    """No tier, and why; with the latest vote where the client made its label of that vote's rank."""
    return " ".join(
        f"{said}." for said in ("No tier", standing.why_no_tier, standing.vote if with_vote else "") if said
    )


def _by_exchange(version: ClientTiers, register: Register) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The tiers by slug and connector id, and the ids that no exchange answers to."""
    listed: dict[str, dict[str, str]] = {}
    unmapped = []
    for connector_id, tier in version.tiers.items():
        if slug := register.of_client_id(connector_id):
            listed.setdefault(slug, {})[connector_id] = tier
        else:
            unmapped.append(connector_id)
    return listed, unmapped


def _asides(unmapped: Sequence[str], version: ClientTiers) -> tuple[Aside, ...]:
    if not unmapped:
        return ()
    remedy = "Give the exchange that is meant an alias of that name, or a component with that connector id."
    items = tuple(f"{connector_id}: {version.tiers[connector_id]}" for connector_id in unmapped)
    return (Aside("Ids that no exchange here answers to", items, remedy),)


def _tiers_had_ended(rows: Sequence[_Row]) -> bool:
    """Decisions were in force, and none of them gave a tier. A registry with no decision at all knows nothing of it."""
    return any(row.standing.assignment for row in rows) and not any(row.standing.tier for row in rows)


def _notes(rows: Sequence[_Row], version: ClientTiers, day: date, register: Register) -> Iterator[str]:
    if not any(row.standing.assignment for row in rows):
        yield f"The registry holds no decision up to {day}: manage.py load_history loads the recorded epochs."
    elif _tiers_had_ended(rows):
        yield f"No exchange had a tier on {day}: the rules in force had ended them. These labels rest on no vote."
    elif version.epoch and version.epoch not in register.applied_epochs:
        yield f"Epoch {version.epoch}, which this list followed, is not applied here: what stood before it is compared."


def _title(version: ClientTiers, day: date) -> str:
    """Two versions may be of one day, so the commit belongs to it."""
    commit = _commit(version)
    return f"The client’s list of {version.date or day}{f', at {commit}' if commit else ''}"


def _key(version: ClientTiers) -> str:
    """`client-6b8f74b88e`: the commit where the source names one, or else the file's name."""
    return f"client-{slugify(_commit(version) or version.source)}"


def _commit(version: ClientTiers) -> str:
    """Of a source such as hummingbot/hummingbot@6b8f74b88e:hummingbot/connector/connector_status.py."""
    return version.source.partition("@")[2].partition(":")[0]
