"""The text of a drafted bounty, as Markdown that a person posts as an issue: what is wrong, and when it is done.

Amount, sponsor and developer portion, which the project's issue form asks for, are for people to fill in. What a venue
answered is somebody else's text: it is quoted so that it can be neither markup nor a mention.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.wording import CAUSES, QUESTIONS, listed, span
from registry.choices import LinkKind
from registry.page_export.markdown import address, words
from registry.printable import NO_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from registry.models import Component

TO_FILL_IN = ("Sponsor", "Bounty amount", "Developer portion")
BACKTICKS = re.compile(r"`+")
NO_ID = "<its id>"
"""Stands in a command for the id of what nobody has built."""


@dataclass(frozen=True, slots=True)
class FailingCheck:
    """One check that fails by its connector: *conditions* are (name, limit, seen), *capture* an address or ""."""

    kind: str
    pair: str
    summary: str
    since: datetime
    conditions: Sequence[tuple[str, str, str]]
    capture: str


def repair_title(component: Component, cause: str) -> str:
    said = _said(cause)
    return f"Fix {component.connector_id}, {component.get_kind_display()}: {said[:1].lower()}{said[1:]}"


def repair_text(
    component: Component, cause: str, failing: Sequence[FailingCheck], *, now: datetime, page: str, fingerprint: str
) -> str:
    """*page* is the address of the exchange's status page."""
    since = min(check.since for check in failing)
    kinds = [check.kind for check in failing]
    named = f"{component.get_kind_display()} of {words(component.exchange.name)} ({quoted(component.connector_id)})"
    paragraphs = [
        f"The {named} has failed by its own fault since {since:%Y-%m-%d %H:%M} UTC, for {span(now - since)}: "
        f"{_said(cause)}.",
        f"Status page: {page}",
        "### What was seen",
        *(_seen(check) for check in failing),
        "### Reproduction",
        *(_reproduction(component, check) for check in failing),
        "### Done when",
        _done_when(component.connector_id, kinds, "the same checks are OK on the status page for a day"),
    ]
    return _document(paragraphs, fingerprint)


def build_title(component: Component) -> str:
    return f"Build the {component.get_kind_display()} of {component.exchange.name}"


def build_text(
    component: Component, kinds: Sequence[str], *, connector: str, built: Sequence[str], page: str, fingerprint: str
) -> str:
    """*kinds* of checks it would have to pass, under the id *connector*, "" where it has yet to get one; *built* are
    the ids of the exchange's connectors that there are.
    """
    exchange = component.exchange
    have = (
        f"The bot has {listed([quoted(one) for one in built])} of this exchange already."
        if built
        else "The bot has no connector to it yet."
    )
    notes = f" The registry notes: {quoted(component.notes)}." if component.notes else ""
    docs = [link.url for link in exchange.links.all() if link.kind == LinkKind.API_DOCS]
    declared = "the registry declares it available"
    paragraphs = [
        f"{words(exchange.name)} offers what a {component.get_kind_display()} would need, and nobody has built one: "
        f"the registry declares it “not built”.{notes} {have}",
        *(f"API documentation: {address(url)}" for url in docs),
        f"Status page: {page}",
        "### Done when",
        _done_when(connector or NO_ID, kinds, f"{declared} and its checks are OK" if kinds else declared),
    ]
    return _document(paragraphs, fingerprint)


def quoted(text: str) -> str:
    """*text* as a code span: on one line, in its own order, and longer in its fence than any run of backticks in it."""
    line = NO_TEXT.sub("\ufffd", " ".join(text.split()))
    longest = max((len(run) for run in BACKTICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    padded = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{fence}{padded}{fence}" if line else "(nothing)"


def _said(cause: str) -> str:
    """With a plain apostrophe, as issue titles are searched for."""
    return CAUSES[cause].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _seen(check: FailingCheck) -> str:
    pair = quoted(check.pair) if check.pair else "usual pair"
    lines = [
        f"- {QUESTIONS[check.kind].title} ({pair}), since {check.since:%Y-%m-%d %H:%M} UTC: {quoted(check.summary)}",
        *(f"  - {quoted(name)}: saw {quoted(seen)}, limit {quoted(limit)}" for name, limit, seen in check.conditions),
    ]
    return "\n".join(lines)


def _reproduction(component: Component, check: FailingCheck) -> str:
    live = f"- Live: {_command(component.connector_id, check.kind, check.pair)}"
    if not check.capture:
        return f"{live} (no capture of this check is kept)"
    return f"{live}\n- Offline, from the recorded wire ({check.capture}): `python -m monitoring.checks --replay FILE`"


def _done_when(connector: str, kinds: Iterable[str], and_then: str) -> str:
    runs = [f"- Bellwether's {_command(connector, kind)} exits with 0, live" for kind in kinds]
    return "\n".join([*runs, f"- {and_then}"])


def _command(connector: str, kind: str, pair: str = "") -> str:
    """What to type; a pair may be spelled as a venue likes, and people paste this into a shell."""
    of_pair = f" --pair {shlex.quote(pair)}" if pair else ""
    return quoted(f"python -m monitoring.checks {connector} --kind {kind}{of_pair}")


def _document(paragraphs: Sequence[str], fingerprint: str) -> str:
    form = [f"### {name}\n\n_to be filled in by whoever posts this_" for name in TO_FILL_IN]
    return "\n\n".join([*paragraphs, *form, f"Fingerprint: `{fingerprint}`"]) + "\n"
