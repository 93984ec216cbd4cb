"""What holds about governance at any moment, whoever did what in which order, and wherever it was cut off."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

from django.utils import timezone

from registry.choices import Basis, ChangesetKind, EpochState, LedgerAction, PollGroup
from registry.models import Changeset, Epoch, Exchange, LedgerEntry, OutboxMessage, Poll, TierAssignment
from registry.services import ledger
from registry.services.epochs import export_state, poll_result
from registry.services.epochs.guards import before_planning
from registry.services.epochs.results import result_digest

Decided = tuple[str, bool | None]


def check_all(days: Iterable[int] = (-1, 0, 1)) -> None:
    """Every invariant; tiers on each of *days*, counted from today."""
    today = timezone.now().date()
    for offset in days:
        one_tier_is_in_force(today + timedelta(days=offset))
    no_two_decisions_are_level()
    no_epoch_is_half_applied()
    states_tell_what_was_done()
    polls_are_whole()
    the_ledger_holds()
    equal_standing_gives_equal_state()
    the_outbox_tells_each_change_once()


def one_tier_is_in_force(day: date) -> None:
    """However it is asked, it is what the standing plans say, the later serial before the earlier."""
    expected = decided_by_plans(day)
    exported = json.loads(export_state(as_of=day))["exchanges"]
    assert {slug: (row["tier"], row["included"]) for slug, row in exported.items()} == expected
    annotated = dict(Exchange.objects.with_tier(as_of=day).values_list("slug", "current_tier"))
    assert annotated == {slug: expected.get(slug, ("", None))[0] for slug in annotated}


def decided_by_plans(day: date) -> dict[str, Decided]:
    """By exchange, what the documents of the changesets that hold on *day* come to; reads no assignment."""
    tiers: dict[str, Decided] = {}
    applied = Changeset.objects.filter(kind=ChangesetKind.APPLY, effective_from__lte=day).select_related("plan")
    withdrawn = dict(Changeset.objects.filter(reverses__isnull=False).values_list("reverses", "effective_from"))
    for changeset in applied.order_by("effective_from", "serial"):
        if changeset.pk in withdrawn and withdrawn[changeset.pk] <= day:
            continue
        document = changeset.plan.document
        overrides = {entry["exchange"]: entry for entry in document["overrides"]}
        for move in document["moves"]:
            if move["decided"]:
                tiers[move["exchange"]] = move["decided"]["tier"], move["decided"]["included"]
            override = overrides.get(move["exchange"])
            if override and day < date.fromisoformat(override["expires_on"]):
                tiers[move["exchange"]] = override["tier"], move["new"]["included"]
    return tiers


def no_two_decisions_are_level() -> None:
    """Of any two about one exchange the day, or the moment of recording, says which goes before."""
    level = defaultdict(list)
    for row in TierAssignment.objects.filter(changeset__isnull=False):
        level[row.exchange_id, row.effective_from, row.recorded_at].append((row.changeset_id, str(row.basis)))
    for rows in level.values():
        assert len({changeset for changeset, _ in rows}) == 1
        bases = [basis for _, basis in rows]
        assert len(bases) == 1 or (len(bases) == 2 and bases.count(Basis.OVERRIDE) == 1), bases
    moments = list(Changeset.objects.order_by("serial").values_list("applied_at", flat=True))
    assert all(earlier < later for earlier, later in pairwise(moments))


def no_epoch_is_half_applied() -> None:
    """What stands is all of its plan and nothing else, and an epoch has one such changeset at most."""
    serials = list(Changeset.objects.order_by("serial").values_list("serial", flat=True))
    assert serials == list(range(1, len(serials) + 1))
    for changeset in Changeset.objects.select_related("plan"):
        document = changeset.plan.document
        rows = sorted((row.exchange.slug, row.tier) for row in changeset.assignments.select_related("exchange"))
        pots = sorted((pot.subject.slug, pot.group, pot.allocated) for pot in changeset.pots.select_related("subject"))
        assert changeset.plan.approved_at
        if changeset.kind == ChangesetKind.ROLLBACK:
            assert (rows, pots, changeset.plan.reverses) == ([], [], changeset.reverses)
            continue
        decided = [(move["exchange"], move["decided"]["tier"]) for move in document["moves"] if move["decided"]]
        overridden = [(override["exchange"], override["tier"]) for override in document["overrides"]]
        assert rows == sorted(decided + overridden)
        assert len(pots) == len(document["pots"])
        assert [(subject, group) for subject, group, _ in pots] == sorted(
            (pot["subject"], pot["group"]) for pot in document["pots"]
        )


def states_tell_what_was_done() -> None:
    for epoch in Epoch.objects.all():
        standing = epoch.changesets.filter(kind=ChangesetKind.APPLY, reversed_by__isnull=True).count()
        state, plan = EpochState(epoch.state), epoch.current_plan
        assert standing == int(state in {EpochState.APPLIED, EpochState.ANNOUNCED}), f"{epoch} is {state}"
        if state in {EpochState.PLANNED, EpochState.APPROVED}:
            assert plan is not None
            assert plan.kind == ChangesetKind.APPLY
            assert not hasattr(plan, "changeset")
            assert bool(plan.approved_at) == (state == EpochState.APPROVED)
        elif state in {EpochState.DRAFT, EpochState.IMPORTED, EpochState.MAPPED}:
            assert state == before_planning(epoch)
        elif state == EpochState.ROLLED_BACK:
            assert epoch.changesets.order_by("-serial")[0].kind == ChangesetKind.ROLLBACK


def polls_are_whole() -> None:
    """Each has the choices and votes that the ledger says were read from its evidence."""
    for poll in Poll.objects.select_related("epoch", "evidence"):
        assert poll.evidence is not None
        told = LedgerEntry.objects.filter(
            epoch=poll.epoch.number, subject=f"{poll.group} poll {poll.evidence.sha256}"
        ).first()
        assert told is not None, f"no entry tells of {poll}"
        assert set(told.after["mapping"]) == {choice.name for choice in poll.choices.all()}
        if poll.group != PollGroup.PROPOSAL:  # what a proposal asks for is said later, and is part of its result
            assert told.after["results"] == result_digest(poll_result(poll))


def the_ledger_holds() -> None:
    """Unbroken, and each changeset told in it once."""
    assert ledger.verify() == []
    numbers = list(LedgerEntry.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    acts = LedgerEntry.objects.filter(action__in=[LedgerAction.APPLIED, LedgerAction.ROLLED_BACK])
    told = sorted((entry.subject, str(entry.action), entry.epoch, entry.after["plan"]) for entry in acts)
    actions = {ChangesetKind.APPLY: LedgerAction.APPLIED, ChangesetKind.ROLLBACK: LedgerAction.ROLLED_BACK}
    assert told == sorted(
        (ledger.changeset_name(row), str(actions[ChangesetKind(row.kind)]), row.epoch.number, row.plan.hash)
        for row in Changeset.objects.select_related("epoch", "plan")
    )


def equal_standing_gives_equal_state() -> None:
    """The exported state follows from what stands alone: after a roll-back it is the one from before the apply."""
    standing: frozenset[int] = frozenset()
    digests: dict[tuple[date, frozenset[int]], set[str]] = defaultdict(set)
    entries = {
        entry.subject: entry
        for entry in LedgerEntry.objects.filter(subject__startswith="changeset ")
        if entry.action in {LedgerAction.APPLIED, LedgerAction.ROLLED_BACK}
    }
    for changeset in Changeset.objects.select_related("reverses").order_by("serial"):
        entry = entries[ledger.changeset_name(changeset)]
        digests[entry.at.date(), standing].add(entry.before["state"])
        taken_back = changeset.reverses.serial if changeset.reverses else None
        standing = standing - {taken_back} if taken_back else standing | {changeset.serial}
        digests[entry.at.date(), standing].add(entry.after["state"])
    assert [found for found in digests.values() if len(found) > 1] == []


def the_outbox_tells_each_change_once() -> None:
    """Nothing of what was undone before anyone was told, and of what was told its withdrawal."""
    for message in OutboxMessage.objects.filter(changeset__kind=ChangesetKind.APPLY).select_related(
        "changeset__reversed_by"
    ):
        withdrawal = getattr(message.changeset, "reversed_by", None)
        assert not (message.published_at and message.cancelled_at)
        assert (message.cancelled_at is not None) == bool(withdrawal and not message.published_at)
        assert withdrawal is None or withdrawal.messages.count() == int(message.published_at is not None)
    for changeset in Changeset.objects.filter(kind=ChangesetKind.APPLY).select_related("epoch"):
        assert changeset.messages.count() == int(not changeset.epoch.is_history)
    announced = LedgerEntry.objects.filter(action=LedgerAction.ANNOUNCED)
    told = Counter(key for entry in announced for key in entry.after["messages"])
    published = OutboxMessage.objects.filter(published_at__isnull=False).values_list("key", flat=True)
    assert told == Counter(published)
