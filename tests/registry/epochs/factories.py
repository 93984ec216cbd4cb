"""Epochs for tests: rules that ship, exchanges by slug, and polls from plain {name: votes}."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from registry.choices import PollGroup, PollSource, SubjectKind, Voting
from registry.governance.canonical import decimal_text
from registry.governance.policy import PolicyDocument, read_policies
from registry.governance.tallies import PollResult, Tally, Votes
from registry.importers.imported import ImportedPoll
from registry.models import Changeset, Epoch, Exchange, Plan, Policy, Subject
from registry.services.catalogue.load_policies import create_policy
from registry.services.epochs import Actor, apply_plan, approve_plan, create_epoch, import_poll, plan_epoch

CLOSED = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

ANN = Actor("ann", lambda permission: True)
BEN = Actor("ben", lambda permission: True)
NOBODY = Actor("nobody", lambda permission: False)

CEX_VOTES = {
    "kucoin": 900_000,
    "binance": 800_000,
    "okx": 700_000,
    "kraken": 300_000,
    "bybit": 250_000,
    "huobi": 90_000,
}
DEX_VOTES = {"dydx": 600_000, "uniswap": 500_000}


def only(*permissions: str, name: str = "eve") -> Actor:
    """An actor with these permissions and no others."""
    return Actor(name, lambda permission: permission in permissions)


@cache
def shipped_policies() -> dict[str, PolicyDocument]:
    """By slug; each ships in one version."""
    return {policy.slug: policy for policy in read_policies()}


def make_policies() -> dict[str, Policy]:
    """The shipped rules as rows, by slug."""
    rows = {}
    for policy in shipped_policies().values():
        rows[policy.slug] = create_policy(policy)
    return rows


def make_exchanges(slugs: Iterable[str]) -> dict[str, Exchange]:
    """Each with its subject, so that a choice of that name maps to it by itself."""
    exchanges = {}
    for slug in slugs:
        exchange = Exchange.objects.create(slug=slug, name=slug.capitalize())
        Subject.objects.create(kind=SubjectKind.EXCHANGE, slug=slug, name=exchange.name, exchange=exchange)
        exchanges[slug] = exchange
    return exchanges


def poll_of(
    votes: Mapping[str, Any], *, group: PollGroup = PollGroup.CEX, voting: Voting = Voting.WEIGHTED, **fields: Any
) -> ImportedPoll:
    """A closed poll on these names; equal arguments give equal bytes. Votes of None are not stated."""
    tallies = tuple(
        Tally(index, name, None if given is None else Votes(Decimal(str(given))))
        for index, (name, given) in enumerate(votes.items(), start=1)
    )
    shown = {tally.name: tally.votes and decimal_text(tally.votes.value) for tally in tallies}
    content = json.dumps({"group": group.value, "choices": shown, **{key: str(fields[key]) for key in sorted(fields)}})
    plain: dict[str, Any] = {
        "result": PollResult(group, tallies, voting),
        "source": PollSource.SNAPSHOT_FILE,
        "content": content.encode(),
        "origin": f"{group.value}.json",
        "closed_at": CLOSED,
    }
    return ImportedPoll(**(plain | fields))


def make_epoch(number: int = 6, *, polls: Mapping[PollGroup, Mapping[str, Any]] | None = None) -> Epoch:
    """Created and its polls imported; the names in them are exchanges that exist already."""
    epoch = create_epoch(number, actor=ANN, reason="a test")
    if polls is None:
        polls = {PollGroup.CEX: CEX_VOTES, PollGroup.DEX: DEX_VOTES}
    for group, votes in polls.items():
        import_poll(number, poll_of(votes, group=group), actor=ANN)
    epoch.refresh_from_db()
    return epoch


def approved(plan: Plan) -> Plan:
    return approve_plan(plan.hash, actor=BEN, acknowledgement="read and understood")


def applied(number: int, *, effective_from: date | None = None, **wanted: Any) -> Changeset:
    """Planned, approved and applied."""
    plan = plan_epoch(number, actor=ANN, effective_from=effective_from, **wanted)
    return apply_plan(approved(plan).hash, actor=BEN)


def moves_of(plan: Plan) -> dict[str, str]:
    """By exchange, the word for what happens to it."""
    return {move["exchange"]: move["change"] for move in plan.document["moves"]}
