"""The ledger's two ends: adding an entry that seals the one before, and finding whatever was done to it since."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from registry.choices import ChangesetKind, LedgerAction
from registry.governance.canonical import canonical_json, digest
from registry.models import (
    Changeset,
    LedgerEntry,
    OutboxMessage,
    Plan,
    Policy,
    PollEvidence,
    Pot,
    TierAssignment,
)
from registry.services.lock import governance_lock

if TYPE_CHECKING:
    from registry.services.epochs.actors import Actor

_SECRET = re.compile(
    r"(?i)\b(api[-_ ]?key|secret|password|passphrase|private[-_ ]?key|access[-_ ]?token)(\s*[=:]\s*)\S+"
)
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@]+@")


# Rows are named by their keys: an exchange may be given another slug or name, and no decision is another for it.
_CHANGESET = ("serial", "kind", "epoch", "plan", "policy", "reverses", "reason", "effective_from", "applied_by",
              "applied_at")  # fmt: skip
_ASSIGNMENT = ("exchange", "tier", "included", "basis", "epoch", "reason", "trace", "source_url", "decided_by",
               "recorded_by", "effective_from", "expires_on", "recorded_at")  # fmt: skip
_POT = ("epoch", "subject", "group", "allocated", "unit")


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the ledger does not hold. `number` is None where no entry is left to name."""

    number: int | None
    text: str

    def __str__(self) -> str:
        return self.text


def record(
    action: LedgerAction,
    *,
    actor: Actor | str,
    epoch: int | None = None,
    subject: str = "",
    policy: str = "",
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> LedgerEntry:
    """Adds the next entry, under the governance lock of the transaction that it tells of.

    What reads like a key, a password or a login within an address is left out: entries are public and stay for good.
    """
    governance_lock()
    last = LedgerEntry.objects.order_by("-number").first()
    entry = LedgerEntry(
        number=last.number + 1 if last else 1,
        at=timezone.now(),
        actor=actor if isinstance(actor, str) else actor.name,
        action=LedgerAction(action),
        epoch=epoch,
        subject=_without_secrets(subject)[:200],
        policy=policy,
        reason=_without_secrets(reason),
        before=_without_secrets(plain(before)),
        after=_without_secrets(plain(after)),
        previous_hash=last.hash if last else "",
    )
    entry.hash = entry_hash(entry)
    entry.save()
    return entry


def head() -> str:
    """The hash of the newest entry, "" before the first. Kept elsewhere, it betrays a ledger that was written anew."""
    return LedgerEntry.objects.order_by("-number").values_list("hash", flat=True).first() or ""


def entry_hash(entry: LedgerEntry) -> str:
    """Over every column but the key and the hash itself, the hash of the entry before among them."""
    return digest(
        {
            "number": entry.number,
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "action": str(entry.action),
            "epoch": entry.epoch,
            "subject": entry.subject,
            "policy": entry.policy,
            "reason": entry.reason,
            "before": entry.before,
            "after": entry.after,
            "previous_hash": entry.previous_hash,
        }
    )


def rows_digest(changeset: Changeset) -> str:
    """Over the assignments and pots that *changeset* wrote, as the database holds them."""
    changesets = Changeset.objects.filter(pk=changeset.pk)
    assignments = TierAssignment.objects.filter(changeset=changeset).order_by("pk")
    pots = Pot.objects.filter(changeset=changeset).order_by("pk")
    return digest(
        {
            "changeset": list(changesets.values_list(*_CHANGESET)),
            "assignments": list(assignments.values_list(*_ASSIGNMENT)),
            "pots": list(pots.values_list(*_POT)),
        }
    )


def verify(*, kept_head: str = "") -> list[Break]:
    """Every place where the chain, or what it must tell of, was tampered with; empty where all of it holds.

    Finds entries that were altered, removed, inserted or reordered, and a tail cut off as far as changesets, plans or
    published messages are left that it told of; bytes and rules that are not those of their SHA-256. A ledger that was
    rewritten from some entry to its end, with every hash computed anew, shows only against *kept_head*, a head of
    before that was kept elsewhere, or against those rows.
    """
    breaks = []
    previous_number, previous_hash = 0, ""
    told: set[tuple[str, ...]] = set()
    rows: dict[str, str] = {}
    hashes: set[str] = set()
    for entry in LedgerEntry.objects.order_by("number", "pk").iterator():
        breaks += _breaks_of(entry, previous_number, previous_hash)
        previous_number, previous_hash = entry.number, entry.hash
        hashes.add(entry.hash)
        told.add((str(entry.action), entry.subject))
        after = entry.after if isinstance(entry.after, dict) else {}  # it may have been made anything
        match entry.action:
            case LedgerAction.PLANNED:
                told.add((str(entry.action), entry.subject, str(after.get("document", ""))))
            case LedgerAction.APPROVED:
                told.add((str(entry.action), entry.subject, entry.actor))
            case LedgerAction.ANNOUNCED:
                messages = after.get("messages")
                keys = messages if isinstance(messages, list) else []
                told.update((str(entry.action), str(key)) for key in keys)
            case LedgerAction.APPLIED | LedgerAction.ROLLED_BACK:
                rows[entry.subject] = after.get("rows", "")
    if kept_head and kept_head not in hashes:
        breaks.append(Break(None, f"no entry has the hash {kept_head} that was kept: the ledger was rewritten or cut"))
    return breaks + _untold(told, rows) + _recorded_outside() + _altered_sources()


def _breaks_of(entry: LedgerEntry, previous_number: int, previous_hash: str) -> list[Break]:
    breaks = []
    if entry.number != previous_number + 1:
        gap = f"entry {entry.number} follows entry {previous_number}: what stood between them is gone"
        breaks.append(Break(entry.number, gap))
    if entry.previous_hash != previous_hash:
        seal = f"entry {entry.number} seals another entry than {previous_number or 'none'}, which stands before it"
        breaks.append(Break(entry.number, seal))
    try:
        holds = entry.hash == entry_hash(entry)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):  # values that we never write
        holds = False
    if not holds:
        breaks.append(Break(entry.number, f"entry {entry.number} was altered: its hash covers other contents"))
    return breaks


def _untold(told: set[tuple[str, ...]], rows: Mapping[str, str]) -> list[Break]:
    """What the tables hold and the ledger does not tell of, or tells otherwise."""
    breaks = []
    for changeset in Changeset.objects.order_by("serial"):
        action = LedgerAction.APPLIED if changeset.kind == ChangesetKind.APPLY else LedgerAction.ROLLED_BACK
        name = changeset_name(changeset)
        if (action, name) not in told:
            breaks.append(Break(None, f"no entry tells of {name}: the entry, and what followed it, was cut off"))
        elif rows[name] != rows_digest(changeset):
            breaks.append(Break(None, f"the rows of {name} are not those that its entry tells of"))
    for plan in Plan.objects.order_by("pk"):
        name = plan_name(plan.hash)
        if (LedgerAction.PLANNED, name) not in told:
            breaks.append(Break(None, f"no entry tells of {name}"))
        elif (LedgerAction.PLANNED, name, _digest_of(plan.document)) not in told:
            breaks.append(Break(None, f"the document of {name} is not the one that its entry tells of"))
        if plan.approved_at and (LedgerAction.APPROVED, name, plan.approved_by) not in told:
            breaks.append(Break(None, f"no entry tells that {plan.approved_by} approved {name}"))
    published = OutboxMessage.objects.filter(published_at__isnull=False).order_by("pk")
    breaks += [
        Break(None, f"no entry tells that the message {key} was announced")
        for key in published.values_list("key", flat=True)
        if (LedgerAction.ANNOUNCED, key) not in told
    ]
    return breaks


def _recorded_outside() -> list[Break]:
    """Tiers that no changeset wrote. Rows from before there was a ledger are none of its business."""
    first = LedgerEntry.objects.order_by("number").values_list("at", flat=True).first()
    if first is None:
        return []
    outside = TierAssignment.objects.filter(changeset=None, recorded_at__gte=first).select_related("exchange")
    return [
        Break(None, f"{assignment}: recorded at {assignment.recorded_at:%Y-%m-%d %H:%M} UTC outside of any changeset")
        for assignment in outside.order_by("pk")
    ]


def _altered_sources() -> list[Break]:
    """What decisions rest on: the bytes of polls and the documents of rules, each of which carries its SHA-256."""
    breaks = [
        Break(None, f"the bytes of the poll evidence {evidence.sha256} are others than those that were received")
        for evidence in PollEvidence.objects.order_by("pk").iterator(chunk_size=10)
        if hashlib.sha256(bytes(evidence.content)).hexdigest() != evidence.sha256
    ]
    breaks += [
        Break(None, f"the document of {policy} is not the one of its SHA-256")
        for policy in Policy.objects.order_by("pk")
        if _digest_of(policy.document) != policy.sha256
    ]
    return breaks


def _digest_of(document: Any) -> str:
    """ "" for values that no document of ours holds."""
    try:
        return digest(document)
    except (TypeError, ValueError, RecursionError):
        return ""


def changeset_name(changeset: Changeset) -> str:
    """How entries name it."""
    return f"changeset {changeset.serial}"


def plan_name(plan_hash: str) -> str:
    """How entries name it."""
    return f"plan {plan_hash}"


def plain(value: Any) -> Any:
    """The value as JSON gives it back: decimals and dates as text, tuples as lists. Raises TypeError for floats."""
    return json.loads(canonical_json(value))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _USERINFO.sub(r"\1", _SECRET.sub(r"\1\2[withheld]", value))
    if isinstance(value, Mapping):
        return {str(key): _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value
