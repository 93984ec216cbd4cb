"""Reads the record of the epochs and checks that it is a record: well-formed, and printed figures readable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from registry.errors import CatalogueRefused, Problem
from registry.governance.links import parse_proposal_link
from registry.governance.outcome import DecisionKind
from registry.governance.printed import printed_votes
from registry.governance.record import (
    EpochRecord,
    PollRecord,
    RankRow,
    printed_day,
    printed_percent,
    recorded_choices,
)
from registry.services.catalogue.reader import Reader
from registry.strict_yaml import Fault, KeyPath, nearest

FILE_NAME = re.compile(r"epoch-(\d\d)\.yaml")


def read_history(directory: Path) -> tuple[EpochRecord, ...]:
    """The epochs under *directory*/history, by number. Touches no database.

    That the record contradicts itself is no fault of its files (see registry.governance.contradictions). Raises
    CatalogueRefused with every problem of every file.
    """
    folder = directory / "history"
    if not folder.is_dir():
        raise CatalogueRefused([Problem(folder, 0, "", "there is no record of epochs: no such folder")])
    reader = Reader()
    epochs = []
    for path in sorted(folder.iterdir()):
        match = FILE_NAME.fullmatch(path.name)
        if match:
            epoch = reader.read(path, EpochRecord)
            if epoch:
                reader.check(path, _epoch_faults(epoch, int(match[1])))
                epochs.append(epoch)
        elif path.suffix != ".md" and not path.name.startswith("."):
            reader.problems.append(Problem(path, 0, "", "not a file of the record: the name must be epoch-NN.yaml"))
    if not epochs and not reader.problems:
        reader.problems.append(Problem(folder, 0, "", "no epoch in the record"))
    if reader.problems:
        raise CatalogueRefused(reader.problems)
    return tuple(sorted(epochs, key=lambda epoch: epoch.number))


def _epoch_faults(epoch: EpochRecord, named: int) -> Iterator[Fault]:
    if epoch.number != named:
        yield ("number",), f"{epoch.number} in a file named epoch-{named:02d}.yaml: the two must agree"
    if epoch.polls and epoch.effective_from is None:
        yield ("effective_from",), "missing: the result of a poll takes effect on some day"
    if (epoch.effective_from is None) != (epoch.dated_by is None):
        yield ("dated_by",), "belongs to effective_from: give both, or neither"
    for key in ("starts", "ends") if epoch.dates else ():
        if reason := _reason_against(printed_day, getattr(epoch.dates, key)):
            yield ("dates", key), reason
    for index, change in enumerate(epoch.governance_changes):
        yield from _link_faults(change.url, change.snapshot_id, ("governance_changes", index))
    seen: dict[str, PollRecord] = {}
    for index, poll in enumerate(epoch.polls):
        if poll.group in seen:
            yield ("polls", index, "group"), f"{poll.group.value!r} stands twice"
        seen[poll.group] = poll
        for path, reason in _poll_faults(poll):
            yield ("polls", index, *path), reason
    for index, decision in enumerate(epoch.decisions):
        for key, reason in _decision_faults(epoch, index, seen):
            yield ("decisions", index, key), reason
        if decision.kind not in set(DecisionKind):
            yield ("decisions", index, "kind"), f"{decision.kind!r} is not valid; valid: {', '.join(DecisionKind)}"
    for index, removal in enumerate(epoch.removals):
        if removal.group not in seen:
            yield ("removals", index, "group"), f"this epoch has no poll {removal.group.value!r}"


def _poll_faults(poll: PollRecord) -> Iterator[Fault]:
    yield from _link_faults(poll.url, poll.snapshot_id, ())
    figures: list[tuple[KeyPath, Callable[[str], object], str | None]] = [
        (("total_votes",), printed_votes, poll.total_votes),
        (("quorum",), printed_percent, poll.quorum),
    ]
    figures += [(("read_as", index, "votes"), printed_votes, row.votes) for index, row in enumerate(poll.read_as)]
    for index, row in enumerate(poll.ranking):
        figures += [(("ranking", index, key), parse, text) for key, parse, text in _figures(row)]
    unreadable = [(path, reason) for path, parse, text in figures if (reason := _reason_against(parse, text))]
    yield from unreadable
    if bool(poll.tiers) == bool(poll.passed or poll.failed):
        yield (), "a poll has either tiers, or passed and failed"
    listed = {*poll.passed, *poll.failed}
    for index, reading in enumerate(poll.read_as):
        if reading.printed not in listed:
            yield ("read_as", index, "printed"), f"{reading.printed!r} stands in no list of this poll"
    if not unreadable:
        names = [choice.name for choice in recorded_choices(poll)]
        for index, row in enumerate(poll.ranking):
            if row.name not in names:
                yield ("ranking", index, "name"), f"{row.name!r} stands in no list; {nearest(row.name, names)}"


def _figures(row: RankRow) -> Iterator[tuple[str, Callable[[str], object], str | None]]:
    yield "votes", printed_votes, row.votes
    yield "share", printed_percent, row.share
    yield "allocation", printed_votes, row.allocation


def _reason_against(parse: Callable[[str], object], text: str | None) -> str:
    try:
        if text is not None:
            parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _link_faults(url: str, vote_id: str, path: KeyPath) -> Iterator[Fault]:
    try:
        named = parse_proposal_link(url).id
    except ValueError as error:
        yield (*path, "url"), str(error)
    else:
        if named != vote_id:
            yield (*path, "url"), f"it names another vote than snapshot_id: {named}"


def _decision_faults(epoch: EpochRecord, index: int, polls: dict[str, PollRecord]) -> Iterator[tuple[str, str]]:
    decision = epoch.decisions[index]
    poll = polls.get(decision.group)
    if poll is None:
        yield "group", f"this epoch has no poll {decision.group.value!r}"
        return
    names = [choice.name for choice in recorded_choices(poll, epoch.removals_of(poll.group))]
    for name in decision.names:
        if name not in names:
            yield "names", f"{name!r} is no choice of the poll; {nearest(name, names)}"
