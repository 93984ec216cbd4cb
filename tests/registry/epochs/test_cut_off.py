"""A crash at any write of any step: the registry is as it was before the step, and the step can be taken again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from registry.choices import PollGroup
from registry.models import Changeset, Choice, Epoch, Plan, Poll, Subject
from registry.services import ledger
from registry.services.epochs import (
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
    set_target,
)
from registry.services.history import load_history
from tests.registry.epochs.at_once import at_once
from tests.registry.epochs.cut_off import Crash, CrashAfter, everything
from tests.registry.epochs.factories import ANN, BEN, CEX_VOTES, DEX_VOTES, approved, poll_of
from tests.registry.epochs.invariants import check_all
from tests.registry.epochs.killed import registry_digest

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow("every step is cut off at each of its writes"),
]

LOCKS = ("BEGIN IMMEDIATE", "SELECT pg_advisory_xact_lock")
"""What the lock of governance is on SQLite and on PostgreSQL; what was read before it may not be true any more."""

ROOT = Path(__file__).resolve().parents[3]


def cut_off_at_every_write(step: Callable[[], Any]) -> Any:
    """What *step* gives once it comes to its end; before that it is cut off behind its first write, its second, ..."""
    rows, state, head = everything(), export_state(), ledger.head()
    writes = 0
    while True:
        cut_off = CrashAfter(writes)
        try:
            with connection.execute_wrapper(cut_off):
                done = step()
        except Crash:
            assert everything() == rows, f"cut off behind {writes + 1} writes, something of {step} is left"
            assert (export_state(), ledger.head()) == (state, head)
            writes += 1
        else:
            assert writes > 1, f"{step} was never cut off"
            assert cut_off.first.startswith(LOCKS), f"{step} reads before it holds the lock: {cut_off.first}"
            return done


def latest_plan(epoch: Epoch) -> str:
    return Plan.objects.filter(epoch=epoch)[0].hash


def test_a_crash_at_any_write_leaves_all_as_before_and_the_step_can_be_taken_again(policies, exchanges):
    take = cut_off_at_every_write
    epoch = take(partial(create_epoch, 6, actor=ANN, reason="quarter"))
    take(partial(import_poll, 6, poll_of(CEX_VOTES | {"Kra Ken 2": 4_000}), actor=ANN))
    take(partial(import_poll, 6, poll_of(DEX_VOTES, group=PollGroup.DEX), actor=ANN))
    unknown = Choice.objects.get(name="Kra Ken 2")
    take(partial(map_choice, unknown.pk, actor=ANN, subject=Subject.objects.get(slug="dydx")))
    take(partial(import_poll, 6, poll_of(CEX_VOTES), actor=ANN, replace=True, reason="recounted"))
    take(partial(import_poll, 6, poll_of({"Solana": 9_000}, group=PollGroup.CHAIN), actor=ANN))
    chain = Choice.objects.get(name="Solana")
    take(partial(map_choice, chain.pk, actor=ANN, new=("solana", "Solana")))
    take(partial(choose_policy, 6, "hgp-45", actor=ANN, reason="again"))
    override = {"exchange": "kraken", "tier": "gold", "reason": "asked for", "expires_on": "2999-01-01"}
    take(partial(plan_epoch, 6, actor=ANN, overrides=[override]))
    take(partial(approve_plan, latest_plan(epoch), actor=BEN, acknowledgement="read"))
    before = export_state()
    take(partial(apply_plan, latest_plan(epoch), actor=BEN))
    assert export_state() != before
    take(partial(announce_epoch, 6, actor=ANN))
    take(partial(plan_rollback, 6, actor=ANN, reason="a mistake"))
    take(partial(approve_plan, latest_plan(epoch), actor=BEN, acknowledgement="read"))
    take(partial(apply_plan, latest_plan(epoch), actor=BEN))
    assert export_state() == before
    take(partial(announce_epoch, 6, actor=ANN))
    take(partial(remove_poll, Poll.objects.get(group=PollGroup.DEX).pk, actor=ANN, reason="the wrong file"))
    create_epoch(14, actor=ANN, reason="quarter")
    votes = {"For": 900_000, "Against": 1_000}
    take(partial(import_poll, 14, poll_of(votes, group=PollGroup.PROPOSAL, title="Add Kraken"), actor=ANN))
    proposal, kraken = Poll.objects.get(group=PollGroup.PROPOSAL), Subject.objects.get(slug="kraken")
    take(partial(set_target, proposal.pk, actor=ANN, subject=kraken, action="add"))

    assert [changeset.kind for changeset in Changeset.objects.order_by("serial")] == ["apply", "rollback"]
    check_all()


def test_history_cut_off_anywhere_is_not_begun_and_loaded_by_two_is_loaded_once(catalogue):
    load = partial(load_history, through=3)
    rows = everything()
    for writes in (0, 9, 99):
        with pytest.raises(Crash), connection.execute_wrapper(CrashAfter(writes)):
            load()
        assert everything() == rows

    loads = at_once(load, load)

    assert sorted(bool(loaded.changes) for loaded in loads) == [False, True]
    assert Changeset.objects.get().epoch.number == 3
    check_all()


@pytest.fixture
def killed_at_every_write() -> Iterator[Callable[[str], None]]:
    """Has processes take a step and be killed; asserts that each but the last left the registry as it was."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.registry.epochs.killed", str(connection.settings_dict["NAME"])],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def attempts(step: str) -> Iterator[list[Any]]:
        process.stdin.write(f"{step}\n")
        process.stdin.flush()
        for line in process.stdout:
            ended, found = json.loads(line)
            yield [ended, found]
            if not ended:
                return

    def kill(step: str) -> None:
        before = registry_digest()
        connection.close()  # nobody but the killed one has the database open, as after an outage
        *killed, last = attempts(step)
        assert len(killed) > 2
        assert killed == [[signal.SIGKILL, before]] * len(killed)
        assert last == [0, registry_digest()]
        assert last[1] != before

    with process:
        yield kill
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_process_killed_at_any_write_leaves_the_registry_to_the_next(killed_at_every_write, policies, exchanges):
    create_epoch(6, actor=ANN, reason="quarter")
    killed_at_every_write("import")
    check_all()

    before = export_state()
    wanted = approved(plan_epoch(6, actor=ANN)).hash
    killed_at_every_write(wanted)
    assert apply_plan(wanted, actor=BEN) == Changeset.objects.get()
    check_all()

    wanted = approved(plan_rollback(6, actor=ANN, reason="a mistake")).hash
    killed_at_every_write(wanted)
    assert apply_plan(wanted, actor=BEN).reverses == Changeset.objects.get(serial=1)
    assert export_state() == before
    check_all()
