"""People who act in one moment, on connections of their own: each is served whole or refused, and all of it holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Max
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry.choices import ChoiceMapping, EpochState, LedgerAction, PollGroup
from registry.errors import RegistryError
from registry.models import Changeset, Choice, Epoch, LedgerEntry, OutboxMessage, Plan, Poll, Subject
from registry.services import ledger
from registry.services.epochs import (
    OutOfOrder,
    PollConflict,
    RollbackRefused,
    StalePlan,
    WrongState,
    announce_epoch,
    apply_plan,
    approve_plan,
    choose_policy,
    create_epoch,
    export_state,
    import_poll,
    map_choice,
    plan_epoch,
    plan_rollback,
    remove_poll,
)
from tests.registry.epochs.at_once import at_once, done_and_refused
from tests.registry.epochs.factories import (
    ANN,
    BEN,
    CEX_VOTES,
    DEX_VOTES,
    applied,
    approved,
    make_epoch,
    make_exchanges,
    make_policies,
    poll_of,
)
from tests.registry.epochs.invariants import check_all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow("empties every table of the database afterwards"),
]

TIERS = {"policy": "hgp-45", "policy_reason": "rules with tiers"}


def approved_plan(number: int, **wanted: Any) -> str:
    """The hash of a plan that only has to be applied."""
    return approved(plan_epoch(number, actor=ANN, **wanted)).hash


def approved_withdrawal(number: int) -> str:
    return approved(plan_rollback(number, actor=ANN, reason="a mistake")).hash


def next_epoch() -> Epoch:
    """Epoch 7, in which the last of the fixture's epoch is the first."""
    votes = dict(zip(CEX_VOTES, reversed(CEX_VOTES.values()), strict=True))
    return make_epoch(7, polls={PollGroup.CEX: votes})


def kinds_of(refused: list[RegistryError]) -> list[type[RegistryError]]:
    return [type(error) for error in refused]


def test_every_step_taken_by_several_at_once_is_taken_once(policies, exchanges):
    done, refused = done_and_refused(at_once(*[partial(create_epoch, 6, actor=ANN, reason="quarter")] * 3))
    assert (done, kinds_of(refused)) == ([Epoch.objects.get()], [WrongState, WrongState])

    poll = poll_of(CEX_VOTES | {"Kra Ken 2": 5_000})
    reports = at_once(*[partial(import_poll, 6, poll, actor=ANN)] * 4)
    assert sorted(report.is_new for report in reports) == [False, False, False, True]

    choice = Choice.objects.get(name="Kra Ken 2")
    subjects = [Subject.objects.get(slug=slug) for slug in ("dydx", "uniswap")]
    at_once(*[partial(map_choice, choice.pk, actor=ANN, subject=subject) for subject in subjects])
    choice.refresh_from_db()
    first, last = LedgerEntry.objects.filter(action=LedgerAction.MAPPED).order_by("number")
    assert choice.subject.slug == last.after["subject"] != last.before["subject"] == first.after["subject"]

    plan, same = at_once(*[partial(plan_epoch, 6, actor=ANN)] * 2)
    assert plan.hash == same.hash

    approve = [partial(approve_plan, plan.hash, actor=actor, acknowledgement="read") for actor in (ANN, BEN)]
    (done,), refused = done_and_refused(at_once(*approve))
    assert kinds_of(refused) == [WrongState]
    assert LedgerEntry.objects.get(action=LedgerAction.APPROVED).actor == done.approved_by

    before = export_state()
    changesets = at_once(*[partial(apply_plan, plan.hash, actor=actor) for actor in (ANN, BEN, BEN)])
    assert changesets == [Changeset.objects.get()] * 3
    assert export_state() != before

    told = at_once(*[partial(announce_epoch, 6, actor=ANN)] * 4)
    assert sorted(len(messages) for messages in told) == [0, 0, 0, 1]

    changesets = at_once(*[partial(apply_plan, approved_withdrawal(6), actor=actor) for actor in (ANN, BEN)])
    assert changesets == [Changeset.objects.get(kind="rollback")] * 2
    assert export_state() == before
    check_all()


def test_a_plan_is_applied_or_what_it_rests_on_is_changed_not_both(policies, exchanges):
    for number in range(6, 10):
        make_epoch(number, polls={PollGroup.CEX: CEX_VOTES | {"dydx": number}})
        wanted = approved_plan(number, **TIERS)
        poll = Poll.objects.get(epoch__number=number)
        other = poll_of(CEX_VOTES | {"dydx": number, "kraken": 750_000})
        change = {
            0: partial(plan_epoch, number, actor=ANN, effective_from=date(2999, 1, 1)),
            1: partial(import_poll, number, other, actor=ANN, replace=True, reason="recounted"),
            2: partial(remove_poll, poll.pk, actor=ANN, reason="the wrong file"),
            3: partial(map_choice, poll.choices.first().pk, actor=ANN, ignore=True, reason="no exchange"),
        }[number % 4]

        changeset, changed = at_once(partial(apply_plan, wanted, actor=BEN), change)

        is_applied = Epoch.objects.get(number=number).state == EpochState.APPLIED
        assert isinstance(changed if is_applied else changeset, WrongState)
        assert done_and_refused([changeset, changed])[0] == [changeset if is_applied else changed]
    check_all()


def test_of_two_epochs_planned_on_one_base_one_is_applied(epoch):
    next_epoch()
    plans = [approved_plan(6), approved_plan(7, **TIERS)]

    (changeset,), refused = done_and_refused(at_once(*[partial(apply_plan, wanted, actor=BEN) for wanted in plans]))

    assert changeset == Changeset.objects.get()
    assert kinds_of(refused) == [StalePlan if changeset.epoch.number == 6 else OutOfOrder]
    check_all()


def test_an_epoch_is_taken_back_or_built_upon_not_both(epoch):
    applied(6)
    next_epoch()
    plans = [approved_withdrawal(6), approved_plan(7, **TIERS)]

    (changeset,), refused = done_and_refused(at_once(*[partial(apply_plan, wanted, actor=BEN) for wanted in plans]))

    assert kinds_of(refused) == [StalePlan if changeset.reverses else RollbackRefused]
    check_all()


def test_what_is_taken_back_was_told_before_or_is_never_told(epoch):
    applied(6)
    wanted = approved_withdrawal(6)

    told, withdrawal = at_once(partial(announce_epoch, 6, actor=ANN), partial(apply_plan, wanted, actor=BEN))

    message = OutboxMessage.objects.get(changeset__serial=1)
    if isinstance(told, RegistryError):
        assert message.cancelled_at
        assert not withdrawal.messages.exists()
    else:
        assert message.published_at
        assert withdrawal.messages.count() == 1
    check_all()


def test_of_two_results_of_one_poll_one_is_kept_and_the_other_a_conflict(policies, exchanges):
    for number in (6, 7, 8):
        create_epoch(number, actor=ANN, reason="quarter")
    vote = {"snapshot_id": f"0x{7:064x}"}
    pairs = [
        [partial(import_poll, 6, poll_of(votes), actor=ANN) for votes in (CEX_VOTES, DEX_VOTES)],
        [partial(import_poll, number, poll_of({"okx": number}, **vote), actor=ANN) for number in (7, 8)],
    ]
    for pair in pairs:
        (report,), (refused,) = done_and_refused(at_once(*pair))

        assert isinstance(refused, PollConflict)
        assert refused.existing == report.poll
    assert Poll.objects.count() == 2
    check_all()


def test_entries_of_eight_writers_are_one_chain():
    def write(writer: int) -> None:
        for line in range(5):
            with transaction.atomic():
                ledger.record(LedgerAction.CHANGED, actor=f"writer {writer}", subject=f"line {line}")

    at_once(*[partial(write, writer) for writer in range(8)])

    assert list(LedgerEntry.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 41))
    assert ledger.verify() == []
    for writer in range(8):
        lines = LedgerEntry.objects.filter(actor=f"writer {writer}").order_by("number")
        assert [entry.subject for entry in lines] == [f"line {line}" for line in range(5)]


def test_whoever_reads_while_a_plan_is_applied_sees_all_of_it_or_nothing(epoch):
    wanted = approved_plan(6, **TIERS)
    before = export_state()

    has_begun = False

    def apply_meanwhile(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Right behind the reader's first query for tiers."""
        nonlocal has_begun
        result = execute(sql, params, many, context)
        if not has_begun and "registry_tierassignment" in sql:
            has_begun = True
            at_once(partial(apply_plan, wanted, actor=BEN))
        return result

    with connection.execute_wrapper(apply_meanwhile):
        seen = export_state()

    assert has_begun
    assert seen in {before, export_state()}
    assert before != export_state()


# Any of these, on any of three epochs, in any order.


def _latest_plan(number: int) -> str:
    return Plan.objects.filter(epoch__number=number).values_list("hash", flat=True).first() or "none"


def _import(number: int, change: int) -> None:
    votes = CEX_VOTES | {"okx": 650_000 + 100_000 * change, "Unheard Of": 4_000}
    group = (PollGroup.CEX, PollGroup.DEX)[change % 2]
    import_poll(
        number, poll_of(votes, group=group, title=f"of {number}"), actor=ANN, replace=True, reason="the later holds"
    )


def _take_out(number: int, change: int) -> None:
    for poll in Poll.objects.filter(epoch__number=number)[:1]:
        remove_poll(poll.pk, actor=ANN, reason="the wrong file")


def _map(number: int, change: int) -> None:
    for choice in Choice.objects.filter(poll__epoch__number=number, mapping=ChoiceMapping.UNMAPPED):
        map_choice(choice.pk, actor=ANN, ignore=True, reason="unheard of")


def _choose(number: int, change: int) -> None:
    choose_policy(number, "hgp-45" if change else "hgp-50", actor=ANN, reason="as the vote says")


def _plan(number: int, change: int) -> None:
    override = {"exchange": "kraken", "tier": "gold", "reason": "asked for", "expires_on": "2999-01-01"}
    plan_epoch(number, actor=ANN, overrides=[override] if change else [], **TIERS)


def _approve(number: int, change: int) -> None:
    approve_plan(_latest_plan(number), actor=BEN, acknowledgement="read")


def _apply(number: int, change: int) -> None:
    apply_plan(_latest_plan(number), actor=BEN)


def _announce(number: int, change: int) -> None:
    announce_epoch(number, actor=BEN)


def _plan_back(number: int, change: int) -> None:
    plan_rollback(number, actor=ANN, reason="a mistake")


def _go_through(number: int, change: int) -> None:
    _map(number, change)
    _plan(number, change)
    _approve(number, change)
    _apply(number, change)


def _take_back(number: int, change: int) -> None:
    apply_plan(approved_withdrawal(number), actor=BEN)


STEPS = (_import, _take_out, _map, _choose, _plan, _approve, _apply, _announce, _plan_back, _go_through, _take_back)

steps = st.tuples(st.sampled_from([*STEPS, _go_through, _go_through, _take_back]), st.integers(0, 2), st.integers(0, 1))
people = st.lists(st.lists(steps, min_size=3, max_size=6), min_size=4, max_size=4)


def in_turn(person: list[tuple[Callable[[int, int], None], int, int]], first: int) -> None:
    """Takes one step after the other, whatever is refused."""
    for step, epoch, change in person:
        with suppress(RegistryError):
            step(first + epoch, change)


def test_no_mixture_of_steps_by_four_people_leaves_an_epoch_half_applied():
    make_policies()
    make_exchanges([*CEX_VOTES, *DEX_VOTES])

    @settings(max_examples=4, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(people)
    def take_steps(people: list[Any]) -> None:
        first = 1 + (Epoch.objects.aggregate(last=Max("number"))["last"] or 0)
        for number in range(first, first + 3):
            make_epoch(number, polls={PollGroup.CEX: CEX_VOTES | {"dydx": number}})
        at_once(*[partial(in_turn, person, first) for person in people])
        check_all()

        last = Epoch.objects.get(number=first + 2)
        if not last.standing_changeset:  # whatever they left behind, the next one gets through
            _import(last.number, 0)
            _go_through(last.number, 0)
        _take_back(last.number, 0)
        check_all(days=())

    take_steps()
