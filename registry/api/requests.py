"""Bodies that are sent here, as closed types: an unknown key is refused by name, like a value of a wrong kind."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from django.http import QueryDict
from msgspec import Meta, Struct

from registry.choices import PollGroup, PollSource, ProposalAction, SubjectKind, Voting
from registry.importers.csv_table import read_csv
from registry.importers.markdown_table import read_markdown
from registry.importers.snapshot import fetch_snapshot, read_snapshot
from registry.models import Subject
from registry.parameters import BadParameters

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from rest_framework.request import Request

    from registry.importers.imported import ImportedPoll

PASTED = "pasted"
DEEPEST = 20
"""Lists and objects within each other; a policy, the deepest that is asked for, has six."""
NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
"""NUL, and half of a surrogate pair, which JSON can spell: PostgreSQL keeps neither."""
NESTED = "it is nested too deeply: nothing that is asked for here is"
MOST_VOTERS = 2_147_483_647
NAMED_FIELD = re.compile(r"(?:required|unknown) field `(.*?)`")
"""How msgspec names a field that is missing, or that it does not know."""


class Body(Struct, kw_only=True, forbid_unknown_fields=True):
    """A field with no default must be given."""


AnyBody = TypeVar("AnyBody", bound=Body)


class EpochBody(Body, kw_only=True):
    number: Annotated[int, Meta(ge=1, le=32767)]
    reason: str
    label: str = ""
    starts_on: date | None = None
    ends_on: date | None = None


class PollBody(Body, kw_only=True):
    """`content`, an uploaded `file`, or for a Snapshot answer that is to be fetched the `vote_id`."""

    group: PollGroup
    source: PollSource = PollSource.SNAPSHOT_FILE
    content: str = ""
    origin: str = ""
    vote_id: str = ""
    closed_at: datetime | None = None
    opened_at: datetime | None = None
    title: str = ""
    url: str = ""
    voting: Voting | None = None
    total: str = ""
    voters: Annotated[int, Meta(ge=0, le=MOST_VOTERS)] | None = None
    reason: str = ""
    replace: bool = False


class ChoiceMappingBody(Body, kw_only=True):
    """One of `subject` (kind and slug, as "exchange:kraken"), `ignore`, `new` (slug and name); none: not mapped."""

    choice: int
    subject: str = ""
    ignore: bool = False
    new: tuple[str, str] | None = None
    remember: bool = True
    reason: str = ""


class TargetBody(Body, kw_only=True):
    """Whom a single proposal is about, as "exchange:kraken", and what it asks for; `amount` in HBOT, in quotes."""

    poll: int
    subject: str
    action: ProposalAction
    amount: Decimal | None = None
    reason: str = ""


class PlanBody(Body, kw_only=True):
    reason: str = ""
    effective_from: date | None = None
    policy: str | None = None
    policy_reason: str = ""
    decisions: list[dict[str, Any]] | None = None
    overrides: list[dict[str, Any]] | None = None


class AcknowledgementBody(Body, kw_only=True):
    acknowledgement: str = ""


class ReasonBody(Body, kw_only=True):
    reason: str


def body_of(request: Request, kind: type[AnyBody]) -> AnyBody:
    """The request's body as a *kind*. Raises BadParameters naming the key and what is expected of it."""
    try:
        data: Any = request.data
    except RecursionError as error:
        raise BadParameters({"": [NESTED]}) from error
    is_form = isinstance(data, QueryDict)
    if is_form:  # an uploaded file stands among the fields
        data = {key: data[key] for key in data if key != "file"}
    if fault := _unreadable(data):
        raise BadParameters({"": [fault]})
    try:
        return msgspec.convert(data, kind, strict=not is_form)
    except msgspec.ValidationError as error:
        raise BadParameters(_fault(str(error))) from error


def imported_poll(asked: PollBody, file: UploadedFile[Any] | None) -> ImportedPoll:
    """What *asked* brings, read by the importer of its source. Raises BadParameters and ImportRefused."""
    if asked.source is PollSource.SNAPSHOT_HTTP:
        if not asked.vote_id:
            raise BadParameters({"vote_id": ["is missing: give the vote's id (0x and 64 hex digits) or its link"]})
        return fetch_snapshot(asked.vote_id, group=asked.group)
    if file is None and not asked.content:
        raise BadParameters({"content": ["is missing: send the text as content, or the file as file (multipart)"]})
    content = file.read() if file is not None else asked.content.encode()
    origin = asked.origin or (file.name if file is not None and file.name else PASTED)
    if asked.source is PollSource.SNAPSHOT_FILE:
        return read_snapshot(content, group=asked.group, origin=origin)
    readers = {PollSource.CSV: read_csv, PollSource.MARKDOWN: read_markdown}
    if asked.source not in readers:
        known = ", ".join([PollSource.SNAPSHOT_FILE, PollSource.SNAPSHOT_HTTP, *readers])
        raise BadParameters({"source": [f"“{asked.source}” cannot be imported: take one of {known}"]})
    if asked.closed_at is None or asked.closed_at.tzinfo is None:
        raise BadParameters(
            {"closed_at": ["a table does not say when the poll closed: give it, such as 2025-07-14T00:00:00Z"]}
        )
    return readers[asked.source](
        content,
        group=asked.group,
        origin=origin,
        closed_at=asked.closed_at,
        opened_at=asked.opened_at,
        title=asked.title,
        url=asked.url,
        voting=asked.voting,
        total=asked.total,
        voters=asked.voters,
    )


def mapping_arguments(asked: ChoiceMappingBody) -> dict[str, Any]:
    """As `map_choice` takes them. Raises BadParameters for a subject that there is not."""
    return {
        "subject": subject_named(asked.subject) if asked.subject else None,
        "ignore": asked.ignore,
        "new": asked.new,
        "remember": asked.remember,
    }


def subject_named(text: str) -> Subject:
    """By kind and slug; without a kind, an exchange. Raises BadParameters."""
    kind, _, slug = text.rpartition(":")
    subject = Subject.objects.filter(kind=kind or SubjectKind.EXCHANGE, slug=slug).first()
    if subject is None:
        raise BadParameters({"subject": [f"there is no “{text}”: write kind and slug, such as exchange:kraken"]})
    return subject


def _unreadable(data: Any) -> str:
    """What is wrong with *data* before anyone asks what it means, "" for nothing. No recursion: it may be a trap."""
    waiting = [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            return NESTED
        if isinstance(value, str) and NO_TEXT.search(value):
            return "a text holds characters that are no text, NUL or half of a surrogate pair: leave them out"
        parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        if isinstance(parts, list):
            waiting += [(part, depth + 1) for part in parts]
    return ""


def _fault(message: str) -> dict[str, list[str]]:
    """msgspec's words, under the key they are about: "Expected `int`, got `str` - at `$.number`"."""
    said, _, place = message.partition(" - at ")
    path = place.strip("`").removeprefix("$").removeprefix(".")
    if named := NAMED_FIELD.search(said):
        path = f"{path}.{named[1]}".removeprefix(".")
    return {path: [said]}
