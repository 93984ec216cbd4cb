"""Steps in any order, by anyone, on any day, cut off at any write: what must hold holds after each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from registry.choices import ChangesetKind, PollGroup
from registry.errors import RegistryError
from registry.models import Changeset, Choice, Exchange, Plan
from registry.services import ledger
from registry.services.epochs import (
    announce_epoch,
    apply_plan,
    approve_plan,
    create_epoch,
    export_state,
    import_poll,
    map_choice,
    plan_epoch,
    plan_rollback,
)
from tests.registry.epochs.cut_off import Crash, CrashAfter, everything
from tests.registry.epochs.factories import ANN, BEN, NOBODY, make_exchanges, make_policies, only, poll_of
from tests.registry.epochs.invariants import check_all

NUMBERS = (5, 6, 7)
SLUGS = ("kucoin", "okx", "kraken", "bybit", "huobi")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

numbers = st.sampled_from(NUMBERS)
actors = st.sampled_from([ANN, ANN, BEN, BEN, NOBODY, only("plan_epoch"), only("apply_plan")])
crashes = st.one_of(st.none(), st.none(), st.integers(0, 12))
polls = st.dictionaries(
    st.sampled_from([*SLUGS, "Unheard Of"]), st.sampled_from([90_000, 250_000, 400_000, 410_000, 600_000]), min_size=1
)


@dataclass
class Applied:
    """What the test itself remembers of a changeset."""

    serial: int
    effective_from: date
    tiers: dict[str, tuple[str, bool | None]]
    withdrawn_on: date | None = None


@dataclass
class Remembered:
    applied: list[Applied] = field(default_factory=list)

    def in_force(self, day: date) -> dict[str, tuple[str, bool | None]]:
        """By exchange, what the latest that holds on *day* decided."""
        tiers: dict[str, tuple[str, bool | None]] = {}
        for entry in sorted(self.applied, key=lambda entry: (entry.effective_from, entry.serial)):
            if entry.effective_from <= day and (entry.withdrawn_on is None or day < entry.withdrawn_on):
                tiers |= entry.tiers
        return tiers


class Governance(RuleBasedStateMachine):
    """One registry through whatever people do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.remembered = Remembered()
        self.checked = ""
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)
        self.stack.enter_context(mock.patch.object(timezone, "now", self.clock))

    def clock(self) -> datetime:
        return self.now

    def teardown(self) -> None:
        self.stack.close()

    def attempt(self, step: Callable[[], Any], crash: int | None) -> Any:
        """What *step* gives; None where it was refused or cut off, and then not a single row may differ."""
        before = everything()
        try:
            if crash is None:
                return step()
            with connection.execute_wrapper(CrashAfter(crash)):
                return step()
        except (RegistryError, Crash):
            assert everything() == before
            return None

    @initialize()
    def the_first_epoch_is_there(self) -> None:
        """Else most examples end before anything is applied."""
        create_epoch(5, actor=ANN, reason="quarter")
        import_poll(5, poll_of({"kucoin": 600_000, "okx": 410_000, "kraken": 90_000}), actor=ANN)

    @rule(days=st.integers(0, 20))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days, seconds=1)

    @rule(number=numbers, actor=actors, crash=crashes)
    def create(self, number: int, actor: Any, crash: int | None) -> None:
        self.attempt(lambda: create_epoch(number, actor=actor, reason="quarter"), crash)

    @rule(
        number=numbers, votes=polls, group=st.sampled_from([PollGroup.CEX, PollGroup.DEX]), actor=actors, crash=crashes
    )
    def import_(self, number: int, votes: dict[str, int], group: PollGroup, actor: Any, crash: int | None) -> None:
        def step() -> Any:
            return import_poll(number, poll_of(votes, group=group), actor=actor, replace=True, reason="the later holds")

        self.attempt(step, crash)

    @rule(actor=actors, crash=crashes)
    def leave_out_what_nobody_knows(self, actor: Any, crash: int | None) -> None:
        for choice in Choice.objects.filter(mapping="unmapped"):
            self.attempt(lambda key=choice.pk: map_choice(key, actor=actor, ignore=True, reason="unheard of"), crash)

    @rule(
        number=numbers,
        offset=st.one_of(st.none(), st.integers(-20, 20)),
        with_tiers=st.booleans(),
        tie_for=st.sampled_from(SLUGS),
        override=st.booleans(),
        actor=actors,
        crash=crashes,
    )
    def plan(
        self,
        number: int,
        offset: int | None,
        with_tiers: bool,
        tie_for: str,
        override: bool,
        actor: Any,
        crash: int | None,
    ) -> None:
        day = None if offset is None else self.now.date() + timedelta(days=offset)
        until = (self.now + timedelta(days=400)).date().isoformat()
        overrides = [{"exchange": tie_for, "tier": "bronze", "reason": "asked for", "expires_on": until}]
        wanted: dict[str, Any] = {"effective_from": day, "overrides": overrides if override else []}
        if with_tiers:
            wanted |= {"policy": "hgp-45", "policy_reason": "tiers are tried"}
        self.attempt(lambda: plan_epoch(number, actor=actor, **wanted), crash)

    @rule(number=numbers, actor=actors, crash=crashes)
    def plan_back(self, number: int, actor: Any, crash: int | None) -> None:
        self.attempt(lambda: plan_rollback(number, actor=actor, reason="a mistake"), crash)

    @rule(back=st.integers(0, 2), actor=actors, crash=crashes)
    def approve(self, back: int, actor: Any, crash: int | None) -> None:
        for plan in Plan.objects.all()[back : back + 1]:
            self.attempt(lambda key=plan.hash: approve_plan(key, actor=actor, acknowledgement="read"), crash)

    @rule(back=st.integers(0, 2), actor=actors, crash=crashes)
    def apply(self, back: int, actor: Any, crash: int | None) -> None:
        for plan in Plan.objects.all()[back : back + 1]:
            known = Changeset.objects.count()
            changeset = self.attempt(lambda key=plan.hash: apply_plan(key, actor=actor), crash)
            if changeset is None or Changeset.objects.count() == known:
                continue
            if changeset.kind == ChangesetKind.ROLLBACK:
                taken_back = next(a for a in self.remembered.applied if a.serial == changeset.reverses.serial)
                taken_back.withdrawn_on = self.now.date()
            else:
                tiers = {
                    move["exchange"]: (move["new"]["tier"], move["new"]["included"]) for move in plan.document["moves"]
                }
                day = date.fromisoformat(plan.document["effective_from"])
                self.remembered.applied.append(Applied(changeset.serial, day, tiers))
            assert apply_plan(plan.hash, actor=BEN) == changeset

    @rule(number=numbers, actor=actors, crash=crashes)
    def announce(self, number: int, actor: Any, crash: int | None) -> None:
        told = self.attempt(lambda: announce_epoch(number, actor=actor), crash) or []
        if told:
            assert announce_epoch(number, actor=ANN) == []

    @rule(number=numbers)
    def go_all_the_way(self, number: int) -> None:
        """Whatever is next, up to applied: rare by chance, and where the trouble would be."""
        self.attempt(lambda: create_epoch(number, actor=ANN, reason="quarter"), None)
        votes = {slug: 250_000 + 1_000 * ((number * 7 + place * 3) % 5) for place, slug in enumerate(SLUGS)}
        self.attempt(lambda: import_poll(number, poll_of(votes), actor=ANN), None)
        self.leave_out_what_nobody_knows(ANN, None)
        self.plan(number, None, with_tiers=True, tie_for="okx", override=False, actor=ANN, crash=None)
        self.approve(0, BEN, None)
        self.apply(0, BEN, None)

    @rule(number=numbers)
    def take_back(self, number: int) -> None:
        self.plan_back(number, ANN, None)
        self.approve(0, BEN, None)
        self.apply(0, BEN, None)

    @invariant()
    def one_tier_is_in_force_and_it_is_the_one_that_was_decided(self) -> None:
        today = self.now.date()
        for offset in (-25, -1, 0, 1, 25):
            day = today + timedelta(days=offset)
            expected = self.remembered.in_force(day)
            exported = json.loads(export_state(as_of=day))["exchanges"]
            assert {slug: (row["tier"], row["included"]) for slug, row in exported.items()} == expected
            annotated = Exchange.objects.with_tier(as_of=day).values_list("slug", "current_tier")
            assert dict(annotated) == {slug: expected.get(slug, ("", None))[0] for slug in SLUGS}

    @invariant()
    def what_must_hold_holds(self) -> None:
        """Looked at anew where the ledger went on: refused and cut off steps left every row as it was, see `attempt`.

        That one tier is in force each day is above, told from what the test itself remembers.
        """
        if ledger.head() != self.checked:
            check_all(days=())
            self.checked = ledger.head()


@pytest.mark.slow("hundreds of steps, each with every row compared")
@pytest.mark.django_db
def test_no_order_of_steps_leaves_an_epoch_half_applied():
    make_policies()
    make_exchanges(SLUGS)
    run_state_machine_as_test(
        Governance,
        settings=settings(
            max_examples=12,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
