"""What choices stand for, said by people, and remembered for the next poll."""

from __future__ import annotations

from decimal import Decimal

import pytest

from registry.choices import ChoiceMapping, EpochState, PollGroup, ProposalAction, SubjectKind
from registry.models import Alias, Choice, LedgerEntry, Poll, Pot, Subject, TierAssignment
from registry.services.epochs import (
    BadValue,
    EpochRefused,
    NotAllowed,
    Unmapped,
    WrongState,
    import_poll,
    map_choice,
    plan_epoch,
    set_target,
    suggestions,
)
from tests.registry.epochs.cut_off import everything
from tests.registry.epochs.factories import ANN, NOBODY, applied, make_epoch, moves_of, poll_of


@pytest.fixture
def unknown(policies, exchanges) -> Choice:
    """Epoch 6 with one choice that nobody knows."""
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": 300_000, "Houbi": 200_000}})
    return Choice.objects.get(name="Houbi")


def test_a_person_says_what_it_stands_for_and_the_epoch_is_mapped(unknown):
    choice = map_choice(unknown.pk, actor=ANN, subject=Subject.objects.get(slug="huobi"), reason="a slip of the pen")
    assert choice.mapping == ChoiceMapping.MAPPED
    assert choice.poll.epoch.state == EpochState.MAPPED
    entry = LedgerEntry.objects.order_by("-number")[0]
    assert (str(entry.action), entry.subject, entry.reason) == ("mapped", "cex choice 2: Houbi", "a slip of the pen")
    assert (entry.before["subject"], entry.after["subject"]) == (None, "huobi")


def test_the_spelling_is_remembered_for_the_next_poll(unknown):
    map_choice(unknown.pk, actor=ANN, subject=Subject.objects.get(slug="huobi"))
    alias = Alias.objects.get()
    assert (alias.name, alias.key, alias.from_epoch, alias.to_epoch) == ("Houbi", "houbi", 6, None)
    make_epoch(7, polls={PollGroup.CEX: {"HOUBI": 300_000}})
    assert Choice.objects.get(poll__epoch__number=7).subject.slug == "huobi"


def test_a_spelling_is_not_remembered_when_it_should_not_be(unknown):
    map_choice(unknown.pk, actor=ANN, subject=Subject.objects.get(slug="huobi"), remember=False)
    assert not Alias.objects.exists()


def test_leaving_a_choice_out_needs_a_reason(unknown):
    with pytest.raises(BadValue, match="say why it is left out"):
        map_choice(unknown.pk, actor=ANN, ignore=True)
    choice = map_choice(unknown.pk, actor=ANN, ignore=True, reason="closed in September")
    assert (choice.mapping, choice.mapping_note) == (ChoiceMapping.IGNORED, "closed in September")
    assert moves_of(plan_epoch(6, actor=ANN)) == {"kucoin": "entered"}


def test_saying_the_same_again_changes_nothing(unknown):
    subject = Subject.objects.get(slug="huobi")
    map_choice(unknown.pk, actor=ANN, subject=subject, reason="x")
    rows = everything()
    map_choice(unknown.pk, actor=ANN, subject=subject, reason="x")
    assert everything() == rows


def test_a_mapping_can_be_taken_back(unknown):
    map_choice(unknown.pk, actor=ANN, subject=Subject.objects.get(slug="huobi"))
    choice = map_choice(unknown.pk, actor=ANN)
    assert (choice.mapping, choice.subject) == (ChoiceMapping.UNMAPPED, None)
    assert choice.poll.epoch.state == EpochState.IMPORTED


def test_two_choices_for_one_exchange_cannot_be_planned(unknown):
    map_choice(unknown.pk, actor=ANN, subject=Subject.objects.get(slug="kucoin"))
    unknown.poll.epoch.refresh_from_db()
    assert unknown.poll.epoch.state == EpochState.IMPORTED
    with pytest.raises(Unmapped, match="Kucoin: choices 1 and 2"):
        plan_epoch(6, actor=ANN)


def test_a_chain_does_not_stand_for_an_exchange(unknown):
    chain = Subject.objects.create(kind=SubjectKind.CHAIN, slug="ethereum", name="Ethereum")
    with pytest.raises(BadValue, match="Ethereum is a chain; this poll is on Exchanges"):
        map_choice(unknown.pk, actor=ANN, subject=chain)


def test_a_new_chain_can_be_named_and_a_new_exchange_cannot(policies, exchanges):
    make_epoch(6, polls={PollGroup.CHAIN: {"Cosmos": 300_000}, PollGroup.CEX: {"Mystery": 1}})
    choice = map_choice(Choice.objects.get(name="Cosmos").pk, actor=ANN, new=("", "Cosmos"))
    assert (choice.subject.kind, choice.subject.slug) == ("chain", "cosmos")
    with pytest.raises(BadValue, match="added to the catalogue first"):
        map_choice(Choice.objects.get(name="Mystery").pk, actor=ANN, new=("mystery", "Mystery"))


def test_only_one_thing_is_said_at_a_time(unknown):
    with pytest.raises(BadValue, match="give one of"):
        map_choice(unknown.pk, actor=ANN, subject=Subject.objects.get(slug="huobi"), ignore=True, reason="x")


def test_suggestions_begin_with_the_likeliest(unknown, exchanges):
    assert suggestions(unknown)[0].slug == "huobi"
    import_poll(6, poll_of({"Okx Perpetual": 5}, group=PollGroup.CLOB_PERP), actor=ANN)
    assert suggestions(Choice.objects.get(name="Okx Perpetual"))[0].slug == "okx"
    import_poll(6, poll_of({"Zzz": 5}, group=PollGroup.AMM), actor=ANN)
    assert suggestions(Choice.objects.get(name="Zzz")) == []


def test_an_applied_epoch_is_not_mapped_anew(epoch):
    applied(6)
    with pytest.raises(WrongState, match="roll back first"):
        map_choice(Choice.objects.first().pk, actor=ANN)


def test_mapping_needs_its_permission_and_a_choice(unknown):
    with pytest.raises(NotAllowed, match=r"registry\.import_poll"):
        map_choice(unknown.pk, actor=NOBODY)
    with pytest.raises(EpochRefused, match="There is no choice"):
        map_choice(0, actor=ANN)


@pytest.fixture
def proposal(policies, exchanges) -> Poll:
    """Epoch 14, of single proposals: one that passed, about nobody yet."""
    make_epoch(14, polls={PollGroup.PROPOSAL: {"For": 9_000_000, "Against": 1_000, "Abstain": 5}})
    return Poll.objects.get()


def test_a_proposal_is_mapped_once_it_is_said_whom_it_is_about(proposal):
    assert proposal.epoch.state == EpochState.IMPORTED
    with pytest.raises(Unmapped, match="whom these proposals are about"):
        plan_epoch(14, actor=ANN)
    poll = set_target(proposal.pk, actor=ANN, subject=Subject.objects.get(slug="okx"), action="add")
    assert poll.epoch.state == EpochState.MAPPED


@pytest.mark.parametrize(("action", "included"), [("add", True), ("remove", False)])
def test_a_proposal_that_passes_adds_or_removes_its_exchange(proposal, action, included):
    set_target(proposal.pk, actor=ANN, subject=Subject.objects.get(slug="okx"), action=action)
    applied(14)
    row = TierAssignment.objects.get()
    assert (row.exchange.slug, row.tier, row.included) == ("okx", "", included)
    assert row.decided_by == "HBOT holders, single proposal"
    assert "passed with 9,000,000 HBOT for it" in row.reason


def test_a_proposal_that_fails_changes_nothing(policies, exchanges):
    make_epoch(14, polls={PollGroup.PROPOSAL: {"For": 1_000, "Against": 9_000_000}})
    set_target(Poll.objects.get().pk, actor=ANN, subject=Subject.objects.get(slug="okx"), action="add")
    plan = plan_epoch(14, actor=ANN)
    assert plan.document["moves"] == []
    assert plan.document["summary"] == "Nothing changes: no exchange is decided about."


def test_a_proposal_that_funds_work_gives_a_pot(proposal):
    subject = Subject.objects.get(slug="okx")
    with pytest.raises(BadValue, match="how much HBOT"):
        set_target(proposal.pk, actor=ANN, subject=subject, action=ProposalAction.FUND)
    set_target(proposal.pk, actor=ANN, subject=subject, action="fund", amount=Decimal(250_000))
    applied(14)
    pot = Pot.objects.get()
    assert (pot.subject, pot.group, pot.allocated) == (subject, "proposal", Decimal(250_000))
    assert not TierAssignment.objects.exists()


def test_only_single_proposals_have_a_target(epoch):
    with pytest.raises(BadValue, match="only single proposals have a target"):
        set_target(Poll.objects.first().pk, actor=ANN, subject=Subject.objects.get(slug="okx"), action="add")


def test_for_and_against_stand_for_nobody(proposal):
    with pytest.raises(BadValue, match="say whom it is about"):
        map_choice(Choice.objects.first().pk, actor=ANN, subject=Subject.objects.get(slug="okx"))


def test_what_a_proposal_asks_for_must_be_something_it_can(proposal):
    okx = Subject.objects.get(slug="okx")
    chain = Subject.objects.create(kind=SubjectKind.CHAIN, slug="ethereum", name="Ethereum")
    with pytest.raises(BadValue, match="choose one of add, remove, fund"):
        set_target(proposal.pk, actor=ANN, subject=okx, action="bless")
    with pytest.raises(BadValue, match="Ethereum is no exchange"):
        set_target(proposal.pk, actor=ANN, subject=chain, action="add")
    for amount in (Decimal(-1), Decimal("NaN"), Decimal(10) ** 30):
        with pytest.raises(BadValue, match="amount"):
            set_target(proposal.pk, actor=ANN, subject=okx, action="fund", amount=amount)
