"""From what polls decided and what stands to who moves: pure, over plain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.choices import Basis, Tier
from registry.services.epochs.state import Standing
from registry.services.epochs.wording import tier_words

CHANGES: dict[str, tuple[str, str]] = {
    "promoted": ("Promoted", "A better tier than before."),
    "demoted": ("Demoted", "A lower tier than before, and still one."),
    "entered": ("Entered", "Was not in, or had no tier."),
    "left": ("Left", "Leaves with the next release."),
    "ended": ("Tier ended", "The rules have no tiers: neither demoted nor voted out."),
    "unchanged": ("Unchanged", "Decided again, to the same end."),
}
"""How a move is called, and what that means; in the order in which they are shown."""

NO_TIERS = "the rules have no tiers"

_HEIGHT = {Tier.GOLD: 3, Tier.SILVER: 2, Tier.BRONZE: 1, "": 0}
_TRACED = (
    "rank",
    "votes",
    "rounded",
    "share",
    "margin_to_next",
    "next_label",
    "margin_to_removal",
    "rule",
    "leaves_next",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one poll says of one exchange. `trace` is the choice's part of the plan document."""

    exchange: str
    poll: int
    group: str
    of: int  # choices in the poll
    trace: Mapping[str, Any]
    is_open: bool = False  # a question about it waits for a decision

    @property
    def tier(self) -> str:
        label: str = self.trace["label"]
        return label if self.included is not False else ""

    @property
    def included(self) -> bool | None:
        included: bool | None = self.trace["included"]
        return included

    @property
    def decides(self) -> bool:
        return bool(self.tier) or self.included is not None

    @property
    def preference(self) -> tuple[int, int, int, int]:
        """Of two polls about one exchange the better counts: by tier, by staying in, by rank; else the first."""
        stays = {True: 2, None: 1, False: 0}[self.included]
        return (-_HEIGHT[self.tier], -stays, self.trace["rank"] or 10_000, self.poll)


@dataclass(frozen=True, slots=True)
class Override:
    """What a person sets beside the poll, until a day."""

    exchange: str
    tier: str
    reason: str
    expires_on: str  # ISO 8601

    @property
    def included(self) -> bool:
        return self.tier != ""

    def as_json(self) -> dict[str, Any]:
        return {
            "exchange": self.exchange,
            "tier": self.tier,
            "reason": self.reason,
            "expires_on": self.expires_on,
        }


@dataclass(frozen=True, slots=True)
class Moved:
    """Every exchange that the epoch decides about, those it cannot decide about yet, and those it leaves alone."""

    moves: list[dict[str, Any]] = field(default_factory=list)
    still_open: list[dict[str, Any]] = field(default_factory=list)
    absent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(move["change"] for move in self.moves)
        return {change: counted[change] for change in CHANGES}


def move_exchanges(
    candidates: Iterable[Candidate],
    *,
    standings: Mapping[str, Standing],
    names: Mapping[str, str],
    epoch: str,
    has_tiers: bool,
    overrides: Sequence[Override] = (),
) -> Moved:
    """Compares what the polls decide with what stands.

    An exchange that no poll names stands as it was, unless the rules have no tiers: then every tier ends, that of one
    which no poll names as well, with nothing said of its place in the release.
    """
    by_exchange: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_exchange[candidate.exchange].append(candidate)
    overridden = {override.exchange: override for override in overrides}
    moved = Moved()
    for slug in sorted(by_exchange.keys() | overridden.keys() | standings.keys()):
        old = standings.get(slug, Standing())
        named = sorted(by_exchange.get(slug, []), key=lambda candidate: candidate.preference)
        about = {"exchange": slug, "name": names.get(slug, slug)}
        if any(candidate.is_open for candidate in named):
            moved.still_open.append({**about, **old.as_json()})
            continue
        decided = _decided(named, old, epoch, has_tiers=has_tiers)
        override = overridden.get(slug)
        if decided is None and override is None:
            if old.tier or old.included:
                moved.absent.append({**about, "tier": old.tier, "included": old.included, "named": bool(named)})
            continue
        moved.moves.append(about | _move(old, decided, named, override, epoch, has_tiers=has_tiers))
    moved.moves.sort(key=_shown_in_order)
    return moved


def change_of(old: Standing, new: Standing, *, has_tiers: bool = True) -> str:
    """The word for what happens to an exchange: a key of CHANGES."""
    was_in, is_in = _is_in(old), _is_in(new)
    if not has_tiers and old.tier and not new.tier and new.included is not False:
        return "ended"
    if was_in and not is_in:
        return "left"
    if is_in and (not was_in or (new.tier and not old.tier)):
        return "entered"
    if old.tier == new.tier:
        return "unchanged"
    return "promoted" if _HEIGHT[new.tier] > _HEIGHT[old.tier] else "demoted"


def summary(counts: Mapping[str, int]) -> str:
    """One sentence; says plainly where nothing changes."""
    changed = [f"{counts[change]} {CHANGES[change][0].lower()}" for change in CHANGES if counts.get(change)]
    if not changed:
        return "Nothing changes: no exchange is decided about."
    if {change for change in CHANGES if counts.get(change)} == {"unchanged"}:
        return f"Nothing changes: all {counts['unchanged']} that are decided about stay as they are."
    return f"{', '.join(changed)}.".capitalize()


def _decided(named: Sequence[Candidate], old: Standing, epoch: str, *, has_tiers: bool) -> Standing | None:
    """What stands once the polls are followed; None where they decide nothing."""
    if named and named[0].decides:
        return Standing(named[0].tier, named[0].included, Basis.POLL.value, epoch)
    if not has_tiers and old.tier:
        return Standing("", None, Basis.RECORD.value, epoch)
    return None


def _move(
    old: Standing,
    decided: Standing | None,
    named: Sequence[Candidate],
    override: Override | None,
    epoch: str,
    *,
    has_tiers: bool,
) -> dict[str, Any]:
    new = decided
    if override is not None:
        new = Standing(override.tier, override.included, Basis.OVERRIDE.value, epoch)
    assert new is not None  # noqa: S101  the caller passes at least one of the two
    by_poll = decided is not None and decided.basis == Basis.POLL
    best = named[0] if by_poll else None
    move: dict[str, Any] = {
        "change": change_of(old, new, has_tiers=has_tiers or override is not None),
        "old": old.as_json(),
        "new": new.as_json(),
        "decided": decided.as_json() if decided else None,
        "poll": best.poll if best else None,
        "group": best.group if best else "",
        "of": best.of if best else None,
        "also": [candidate.poll for candidate in named if candidate is not best],
        "note": _note(old, decided, named, override, by_poll=by_poll),
    }
    traced = {key: best.trace[key] if best else None for key in _TRACED}
    if best is None:
        traced |= {
            "rule": NO_TIERS if decided else "override",
            "next_label": "",
            "leaves_next": False,
            "rounded": False,
        }
    return move | traced


def _note(
    old: Standing, decided: Standing | None, named: Sequence[Candidate], override: Override | None, *, by_poll: bool
) -> str:
    notes = []
    if override is not None:
        says = f"; the poll says {tier_words(decided.as_json())}" if decided else ""
        notes.append(f"Override until {override.expires_on}: {override.reason}{says}.")
    if decided is not None and not by_poll:
        notes.append("No poll names it; its tier ends because the rules have no tiers." if not named else NO_TIERS)
    if by_poll and len(named) > 1:
        notes.append(f"It stands in {len(named)} polls; the better result counts.")
    if by_poll and not old.basis:
        notes.append("Nothing was ever decided about it before.")
    return " ".join(notes)


def _is_in(standing: Standing) -> bool:
    return bool(standing.tier) or standing.included is True


def _shown_in_order(move: Mapping[str, Any]) -> tuple[Any, ...]:
    place = list(CHANGES).index(move["change"])
    return (place, -_HEIGHT[move["new"]["tier"]], move["group"], move["rank"] or 10_000, move["exchange"])
