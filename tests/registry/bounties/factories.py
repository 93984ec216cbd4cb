"""Pots as changesets leave them, and bounties that name them."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from registry.choices import BountyKind, BountyState, BountyUnit, ChangesetKind, SubjectKind
from registry.models import Bounty, Changeset, Epoch, Exchange, Plan, Pot, Subject
from registry.services.epochs.actors import Actor

_ids = itertools.count(1)

EDITOR = Actor("anna", {"add_bounty", "change_bounty"}.__contains__)


def make_changeset(epoch: Epoch, *, reverses: Changeset | None = None) -> Changeset:
    kind = ChangesetKind.ROLLBACK if reverses else ChangesetKind.APPLY
    number = next(_ids)
    return Changeset.objects.create(
        serial=number,
        kind=kind,
        epoch=epoch,
        plan=Plan.objects.create(epoch=epoch, kind=kind, hash=f"{number:064x}", base="0" * 64, document={}),
        reverses=reverses,
        effective_from=date(2023, 10, 14),
        applied_by="anna",
    )


def make_pot(exchange: Exchange, allocated: int, *, epoch: Epoch, changeset: Changeset | None = None) -> Pot:
    subject, _ = Subject.objects.get_or_create(
        kind=SubjectKind.EXCHANGE, slug=exchange.slug, defaults={"name": exchange.name, "exchange": exchange}
    )
    return Pot.objects.create(
        changeset=changeset or make_changeset(epoch),
        epoch=epoch,
        subject=subject,
        group="cex",
        allocated=Decimal(allocated),
    )


def make_bounty(exchange: Exchange | None = None, **values: Any) -> Bounty:
    defaults: dict[str, Any] = {
        "tracker_id": str(7000 + next(_ids)),
        "kind": BountyKind.IMPROVEMENT,
        "amount": Decimal(10_000),
        "unit": BountyUnit.HBOT,
        "state": BountyState.OPEN,
    }
    return Bounty.objects.create(exchange=exchange, **{**defaults, **values})
