"""Takes what a page states into the entry of its exchange, as far as the catalogue would hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import msgspec

from registry.choices import DeclaredStatus, Lifecycle, MaintainerKind, MaintenanceState
from registry.importers.pages import Page
from registry.services.catalogue.consistency import exchange_faults
from registry.services.catalogue.schema import ExchangeEntry, MaintainerEntry
from registry.services.pages.facts import Fact, Path, is_same, kept_in, place_of, printed, stated_by
from registry.services.pages.maintainers import StatedMaintainer, maintainers_stated, says_who
from registry.strict_yaml import Fault, faults, printed_key

Plain = dict[str, Any]

TOGETHER = frozenset({("supported_countries",), ("supported_countries_url",)})
"""Two places of a file for one line of a page: words, an address, or both."""

GONE = frozenset({Lifecycle.REMOVED, Lifecycle.RENAMED})


@dataclass(frozen=True, slots=True)
class NotKept:
    """Something stated that the registry cannot hold, and why."""

    line: int
    place: str
    reason: str


@dataclass(slots=True)
class Merged:
    entry: ExchangeEntry
    not_kept: list[NotKept] = field(default_factory=list)
    new_maintainers: list[MaintainerEntry] = field(default_factory=list)


def merged(page: Page, entry: ExchangeEntry, known: Mapping[str, MaintainerEntry]) -> Merged:
    """*entry* with what the page states in place of what it held; what the page leaves out stays.

    What has left the bot stays removed: pages outlive connectors. A value that a catalogue file could not hold is left
    out, with what depends on it. Both are told in `not_kept`.
    """
    before: Plain = msgspec.to_builtins(entry, builtin_types=(Decimal, date))
    after: Plain = msgspec.to_builtins(entry, builtin_types=(Decimal, date))
    stated = stated_by(page)
    kept = kept_in(entry)
    result = Merged(entry)
    for path, fact in stated.items():
        if path in kept and is_same(path, kept[path], fact.value):
            continue
        if path[2:] == ("status",) and (reason := _gone(entry, path, fact.value, kept)):
            result.not_kept.append(
                NotKept(fact.line, place_of(path), f"the page says {printed(path, fact.value)}, {reason}")
            )
            fact = Fact(DeclaredStatus.REMOVED.value, fact.line)
        _set(after, path, fact.value)
    if TOGETHER & stated.keys():
        for path in TOGETHER - stated.keys():
            after[path[0]] = None
    _set_maintainers(page, after, known, result)
    if after != before:
        _take_back_what_does_not_fit(before, after, stated, result)
    return result


def _gone(entry: ExchangeEntry, path: Path, said: str, kept: Mapping[Path, Any]) -> str:
    """Why a component has no other status than removed; "" where it may have any."""
    status = kept.get(path)
    if status == DeclaredStatus.REMOVED:
        return "and it was removed from the bot: edit the registry if it is there again"
    if status is None and said == DeclaredStatus.AVAILABLE and entry.lifecycle.state in GONE:
        return "and the exchange is not in the bot any more: it is kept as removed"
    return ""


def _set(plain: Plain, path: Path, value: Any) -> None:
    """Writes one value, making the component or mapping that it belongs to where there is none."""
    if path[0] == "components":
        kind, *keys = path[1:]
        target = next((one for one in plain["components"] if one["kind"] == kind), None)
        if target is None:
            target = {"kind": kind}
            plain["components"].append(target)
    else:
        target, keys = plain, list(path)
    for key in keys[:-1]:
        if target.get(key) is None:
            target[key] = {}
        target = target[key]
    target[keys[-1]] = value


def _set_maintainers(page: Page, plain: Plain, known: Mapping[str, MaintainerEntry], result: Merged) -> None:
    """Who is named answers for it, who is not named any more did so, and nobody is sought once there is somebody."""
    if not says_who(page):
        return
    named = maintainers_stated(page, known)
    new = [_new_maintainer(one) for one in named if not one.is_known]
    for entry in new:
        for _, reason in faults(msgspec.to_builtins(entry), MaintainerEntry):
            result.not_kept.append(NotKept(page.lines.get("maintainer", 1), "maintainer", reason))
            return
    result.new_maintainers = new
    slugs = [one.slug for one in named]
    rows: list[Plain] = [row for row in plain["maintainers"] if row["maintainer"] or not slugs]
    for row in rows:
        is_left = row["state"] == MaintenanceState.ACTIVE and row["maintainer"] not in slugs
        state = MaintenanceState.EMERITUS if is_left else MaintenanceState.ACTIVE
        if row["state"] != state and (is_left or row["maintainer"] in slugs):
            row |= {"state": state.value, "source": _source(page)}
    listed = {row["maintainer"] for row in rows}
    plain["maintainers"] = rows + [
        {"maintainer": slug, "state": MaintenanceState.ACTIVE.value, "source": _source(page)}
        for slug in slugs
        if slug not in listed
    ]


def _source(page: Page) -> str:
    """The page by its last two names, for all to read: the rest is a path on somebody's machine."""
    return "/".join(PurePath(page.file).parts[-2:])


def _new_maintainer(one: StatedMaintainer) -> MaintainerEntry:
    """Pages do not say what they name: an account of GitHub is taken for a person's, anything else for a group's."""
    kind = MaintainerKind.PERSON if "//github.com/" in one.url else MaintainerKind.ORGANISATION
    return MaintainerEntry(slug=one.slug, name=one.name, kind=kind, url=one.url or None)


def _take_back_what_does_not_fit(before: Plain, after: Plain, stated: Mapping[Path, Fact], result: Merged) -> None:
    """Undoes what a catalogue file would be refused for: the value first, then all that the page says of its component.

    What the registry held before is never blamed on the page: an entry that had faults of its own stays as it is.
    """
    taken_back: set[Path] = set()
    while found := [(_path_of(path, after), printed_key(path), reason) for path, reason in _faults(after)]:
        for path, key, reason in found:
            undo = next(
                (one for one in (path, path[:2]) if one not in taken_back and _is_of_the_page(one, stated)), None
            )
            if undo is None:
                own = f"the registry's own entry cannot be held in a file ({key}: {reason}): correct it first"
                result.not_kept, result.new_maintainers = [NotKept(1, "all of it", own)], []
                return
            taken_back.add(undo)
            _restore(before, after, undo)
            words = reason if undo == path else f"{path[-1].replace('_', ' ')}: {reason}"
            result.not_kept.append(NotKept(_line_of(undo, stated), place_of(undo), words))
    result.entry = msgspec.convert(after, ExchangeEntry)


def _is_of_the_page(path: Path, stated: Mapping[Path, Fact]) -> bool:
    return path == ("maintainers",) or any(one[: len(path)] == path for one in stated)


def _faults(plain: Plain) -> Iterable[Fault]:
    if found := list(faults(plain, ExchangeEntry)):
        return found
    return exchange_faults(msgspec.convert(plain, ExchangeEntry), plain["slug"])


def _path_of(path: tuple[str | int, ...], plain: Plain) -> Path:
    """The path of a fault as facts have it: a component by its kind, and no places within lists."""
    if path[0] == "components" and len(path) > 1:
        head: Path = ("components", plain["components"][path[1]]["kind"])
        return (*head, *(part for part in path[2:3] if isinstance(part, str)))
    if path[0] == "links":
        return tuple(map(str, path[:2]))
    return (str(path[0]),)


def _restore(before: Plain, after: Plain, path: Path) -> None:
    """Brings what is under *path* back to what it was: one value, one link, or a component as a whole."""
    if path[0] != "components":
        if path[0] == "links" and len(path) > 1 and path[1] not in before["links"]:
            del after["links"][path[1]]
        elif path[0] == "links" and len(path) > 1:
            after["links"][path[1]] = before["links"][path[1]]
        else:
            after[path[0]] = before[path[0]]
        return
    old = next((one for one in before["components"] if one["kind"] == path[1]), None)
    new = next((one for one in after["components"] if one["kind"] == path[1]), None)
    if new is None:
        return  # it was new, and went with another of its faults
    if len(path) == 2:
        at = after["components"].index(new)
        after["components"][at : at + 1] = [old] if old else []
    elif old is None:
        new.pop(path[2], None)
    else:
        new[path[2]] = old[path[2]]


def _line_of(path: Path, stated: Mapping[Path, Fact]) -> int:
    lines = [fact.line for one, fact in stated.items() if one[: len(path)] == path]
    return min(lines, default=1)
