"""The pages that bring an epoch its polls: create it, import a result, settle two that differ, take one out."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.signing import Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.crypto import constant_time_compare

from registry.admin.epoch_forms import IMPORT_FORMS, ConflictForm, CreateForm, GroupForm, RemoveForm, TableForm
from registry.admin.epoch_pages import (
    CONFLICT,
    REFUSED,
    acting,
    epoch_page,
    may,
    page,
    put_on_form,
    refusals,
    to_epoch,
)
from registry.choices import PollGroup, PollSource
from registry.errors import RegistryError
from registry.importers.csv_table import read_csv
from registry.importers.imported import MAX_BYTES, ImportedPoll, ImportRefused
from registry.importers.markdown_table import read_markdown
from registry.importers.snapshot import fetch_snapshot, read_snapshot
from registry.models import Epoch
from registry.services import epochs as services
from registry.services.epochs.errors import PollConflict

# Django takes no more than 2.5 MB of form fields; a conflict carries its bytes along in one.
CARRIED_CHARACTERS = 2_000_000


def create_epoch(request: HttpRequest) -> HttpResponse:
    """The form for a new epoch, and the epoch that comes of it."""
    if not may(request, "import_poll"):
        raise PermissionDenied
    form = CreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            epoch = services.create_epoch(form.cleaned_data.pop("number"), actor=acting(request), **form.cleaned_data)
        except RegistryError as refusal:
            put_on_form(form, refusal)
        else:
            messages.success(request, f"{epoch} is a draft now. Import its polls next.")
            return to_epoch(epoch)
    return page(request, "create", "Create an epoch", form=form, status=REFUSED if form.errors else 200)


@epoch_page("import_poll")
def import_poll(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """One form for each way in; the one that was sent shows what is wrong with it."""
    sent = request.POST.get("source", "")
    forms = {
        name: form(request.POST, request.FILES, prefix=name)
        if name == sent
        else form(prefix=name, initial={"group": _next_group(epoch)})
        for name, (_, form) in IMPORT_FORMS.items()
    }
    problems: list[str] = []
    if request.method == "POST" and sent in forms and forms[sent].is_valid():
        try:
            imported = _read(sent, forms[sent])
            return _import(request, epoch, imported)
        except PollConflict as conflict:
            problems = [
                *refusals(conflict),
                "To settle it elsewhere: manage.py epoch import, with --replace and --reason.",
            ]
            if _can_be_replaced(conflict, epoch, imported):
                return _conflict_page(request, epoch, conflict, _carry(sent, forms[sent], imported))
        except RegistryError as refusal:
            problems = refusals(refusal)
    return page(
        request,
        "import",
        f"Import a poll of {epoch}",
        epoch=epoch,
        ways=[(name, heading, forms[name]) for name, (heading, _) in IMPORT_FORMS.items()],
        problems=problems,
        status=REFUSED if problems or any(form.errors for form in forms.values()) else 200,
    )


@epoch_page("import_poll")
def settle_conflict(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """Puts the new bytes in place of those that are there, for the reason given."""
    form = ConflictForm(request.POST or None)
    if request.method != "POST":
        return to_epoch(epoch)
    if form.is_valid():
        imported = _read_carried(form.cleaned_data)
        return _import(request, epoch, imported, replace=True, reason=form.cleaned_data["reason"])
    # Without a reason the difference is shown once more.
    try:
        imported = _read_carried(dict(form.data.items()))
        return _import(request, epoch, imported)
    except PollConflict as conflict:
        return _conflict_page(request, epoch, conflict, form)


@epoch_page("import_poll")
def remove_poll(request: HttpRequest, epoch: Epoch, poll_id: int) -> HttpResponse:
    """Takes a poll out of an epoch that is not applied."""
    poll = get_object_or_404(epoch.polls, pk=poll_id)
    form = RemoveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.remove_poll(poll.pk, actor=acting(request), reason=form.cleaned_data["reason"])
        messages.success(request, f"{poll} was taken out; its bytes are kept.")
        return to_epoch(epoch)
    return page(request, "remove_poll", f"Take out: {poll}", epoch=epoch, poll=poll, form=form)


def _next_group(epoch: Epoch) -> str | None:
    """The first poll that the rules ask for and that is not here yet."""
    asked = epoch.policy.document.get("groups", []) if epoch.policy else []
    there = set(epoch.polls.values_list("group", flat=True))
    return next((group for group in asked if group not in there), None)


def _import(request: HttpRequest, epoch: Epoch, imported: ImportedPoll, **settle: Any) -> HttpResponse:
    report = services.import_poll(epoch.number, imported, actor=acting(request), **settle)
    if report.is_new:
        messages.success(request, f"{report.poll} is imported, with {report.poll.choices.count()} choices.")
    for sentence in report.sentences:
        messages.info(request, sentence)
    return to_epoch(epoch)


def _read(source: str, form: GroupForm) -> ImportedPoll:
    """What the form brings, as the importers read it. Raises ImportRefused with every reason."""
    said = form.cleaned_data
    group = PollGroup(said["group"])
    if source == "fetch":
        return fetch_snapshot(said["vote"], group=group)
    facts = form.facts() if isinstance(form, TableForm) else {}
    if source == "markdown":
        return read_markdown(said["table"].encode(), group=group, origin="pasted", **facts)
    if said["file"].size > MAX_BYTES:
        raise ImportRefused([f"{said['file'].name}: more than {MAX_BYTES:,} bytes; a poll's result is smaller"])
    content = said["file"].read()
    if source == "csv":
        return read_csv(content, group=group, origin=said["file"].name, **facts)
    return read_snapshot(content, group=group, origin=said["file"].name)


def _can_be_replaced(conflict: PollConflict, epoch: Epoch, imported: ImportedPoll) -> bool:
    """Whether it is a matter of which of two results holds; a poll that stands elsewhere is taken out there."""
    carried = len(_packed(imported)) <= CARRIED_CHARACTERS
    return carried and (conflict.existing.epoch_id, conflict.existing.group) == (epoch.pk, imported.result.group)


def _packed(imported: ImportedPoll) -> str:
    return base64.b64encode(zlib.compress(imported.content, 9)).decode()


def _carry(source: str, form: GroupForm, imported: ImportedPoll) -> ConflictForm:
    """The form that brings the same bytes again, together with a reason."""
    said = {name: form[name].value() for name in TableForm.base_fields} if isinstance(form, TableForm) else {}
    packed, facts = _packed(imported), json.dumps(said)
    return ConflictForm(
        initial={
            "group": imported.result.group,
            "source": source,
            "packed": packed,
            "origin": imported.origin,
            "seal": _seal(source, imported.origin, packed, facts),
            "facts": facts,
        }
    )


def _seal(*carried: str) -> str:
    """Ours alone to make: without it, a browser could say of its own bytes that a hub had sent them."""
    return Signer(salt="registry.admin.conflict").signature(json.dumps(carried))


def _read_carried(said: Mapping[str, Any]) -> ImportedPoll:
    """The bytes that a conflict carried along, read as they were the first time."""
    source, origin = said.get("source", ""), str(said.get("origin", ""))
    facts = str(said.get("facts", ""))
    sealed = _seal(source, origin, str(said.get("packed", "")), facts)
    if not constant_time_compare(str(said.get("seal", "")), sealed):
        raise ImportRefused(["The form came back damaged, or as another than was sent; import the poll anew."])
    try:
        packed = base64.b64decode(said.get("packed", ""), validate=True)
        content = zlib.decompressobj().decompress(packed, MAX_BYTES + 1)  # one too many is refused by the importer
        group = PollGroup(said.get("group", ""))
        table = TableForm(json.loads(facts))
    except (ValueError, TypeError, binascii.Error, zlib.error) as error:
        raise ImportRefused([f"The form came back damaged ({error}); import the poll anew."]) from error
    if source in {"csv", "markdown"}:
        if not table.is_valid():
            raise ImportRefused(["The form came back without what was said beside the table; import the poll anew."])
        read = read_csv if source == "csv" else read_markdown
        return read(content, group=group, origin=origin, **table.facts())
    kind = PollSource.SNAPSHOT_HTTP if source == "fetch" else PollSource.SNAPSHOT_FILE
    return read_snapshot(content, group=group, origin=origin, source=kind)


def _conflict_page(request: HttpRequest, epoch: Epoch, conflict: PollConflict, form: ConflictForm) -> HttpResponse:
    return page(
        request,
        "conflict",
        f"Two results of one poll: {conflict.existing}",
        epoch=epoch,
        existing=conflict.existing,
        difference=conflict.difference,
        form=form,
        status=CONFLICT,
    )
