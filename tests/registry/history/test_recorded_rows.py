"""The record as rows: what every epoch, poll and choice says, and epochs applied or left alone on top of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from registry.governance.canonical import canonical_json
from registry.governance.record import recorded_result
from registry.models import Choice, Epoch, Plan, Poll, PollEvidence
from registry.services.epochs.actors import CATALOGUE
from registry.services.epochs.apply import apply_plan
from registry.services.epochs.approve import approve_plan
from registry.services.epochs.results import poll_result
from registry.services.epochs.rollback import plan_rollback
from registry.services.history import load_history
from tests.registry.history.polls import choices, epochs
from tests.registry.history.rows import command, everything

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow("the first of them records thirteen epochs"),
]


def test_nothing_is_applied_through_epoch_0_and_rows_say_what_the_record_says(recorded: None) -> None:
    assert not Plan.objects.exists()
    assert set(Epoch.objects.filter(number__gte=3).values_list("state", flat=True)) == {"mapped"}
    for poll in Poll.objects.select_related("epoch").prefetch_related("choices"):
        record = epochs()[poll.epoch.number]
        (printed,) = (one for one in record.polls if one.group == poll.group)
        assert poll_result(poll) == recorded_result(printed, record.removals_of(printed.group))
        assert [choice.stated_tier for choice in poll.choices.all()] == [
            one.stated_tier for one in choices(record.number, poll.group)
        ]
    poll = Poll.objects.get(epoch__number=12, group="clob_cex")
    assert (poll.proposal_number, poll.space, poll.stated_quorum_percent) == ("HGP-68", "hbot.eth", 182)
    binance = poll.choices.get(index=1)
    assert (binance.stated_votes, binance.votes, binance.votes_margin, binance.stated_share) == (
        "10.3m",
        10_300_000,
        50_000,
        Decimal("11.24"),
    )
    assert Poll.objects.get(epoch__number=7, group="dex").warnings == [
        "Uniswap stands more than once in the passed list: it is one choice here."
    ]
    assert Poll.objects.get(epoch__number=3, group="dex").total_votes_margin == 500_000


def test_spellings_of_one_exchange_are_one_subject(recorded: None) -> None:
    def names(kind: str, slug: str) -> set[str]:
        found = Choice.objects.filter(subject__kind=kind, subject__slug=slug)
        return set(found.values_list("name", flat=True))

    assert names("exchange", "htx") == {"Huobi", "HTX"}
    assert names("exchange", "injective") == {
        "Injective",
        "Injective Helix",
        "Injective Helix Perpetual",
        "Injective Perpetual",
        "Injective v2",
    }
    assert names("chain", "injective") == {"Injective"}
    assert names("exchange", "xrpl") == {"XRP Ledger", "XRPL"}
    assert names("chain", "xrp-ledger") == {"XRP Ledger"}
    assert names("exchange", "mad-meerkat") == {"MM Finance", "Mad Meerkat", "Mad Meerkat Finance"}
    assert names("exchange", "perp") == {"Perpetual Protocol"}
    assert names("exchange", "bit-com") == {"BIT", "Bit.com"}
    assert names("exchange", "tinyman") == {"Tinyman", "Tinyman/Algorand"}


def test_evidence_is_the_record_of_the_poll_in_canonical_bytes(recorded: None) -> None:
    evidence = Poll.objects.get(epoch__number=12, group="gateway_dex").evidence
    assert evidence is not None
    assert (evidence.source, evidence.origin) == ("record", "hummingbot/hummingbot-site@1610d3a2:docs/about/epochs.md")
    assert b"ETCSwap (400k votes - below threshold)" in bytes(evidence.content)
    assert PollEvidence.objects.count() == 33
    assert canonical_json({"epoch": 12})[:-1] in bytes(evidence.content)


def test_what_the_record_says_beside_polls_stands_in_the_notes(recorded: None) -> None:
    first = Epoch.objects.get(number=1)
    assert (first.label, first.starts_on, first.ends_on) == ("Q1-Q2 2022", date(2022, 2, 1), date(2022, 6, 30))
    assert "Goal as printed: Distribute 30 million HBOT tokens." in first.notes
    assert "HGP-10 changed the rules: https://snapshot.org/" in first.notes
    seventh = Epoch.objects.get(number=7)
    assert (seventh.starts_on, seventh.effective_from) == (None, date(2024, 1, 26))
    assert seventh.notes.startswith("Effective date: The day on which the results entered the documentation;")


def test_loading_in_two_goes_comes_to_the_same_as_in_one(recorded: None) -> None:
    load_history(through=3)
    assert [line for line in load_history(through=5).changes if not line.startswith("applied Epoch ")] == []

    assert dict(Epoch.objects.filter(number__in=(3, 4, 5, 6)).values_list("number", "state")) == {
        3: "applied",
        4: "applied",
        5: "applied",
        6: "mapped",
    }
    assert load_history(through=4).changes == []  # what is applied stays so


def test_what_an_admin_took_back_is_left_so(recorded: None) -> None:
    load_history(through=3)
    plan = plan_rollback(3, actor=CATALOGUE, reason="a second look")
    approve_plan(plan.hash, actor=CATALOGUE, acknowledgement="as meant")
    apply_plan(plan.hash, actor=CATALOGUE)
    before = everything()

    loaded = load_history(through=3)

    assert (loaded.changes, loaded.left_alone) == ([], ["Epoch 3: rolled back by a person"])
    assert everything() == before


def test_command_names_what_it_left_alone(recorded: None) -> None:
    Epoch.objects.filter(number=3).update(state="planned")

    lines = command("--through", "3")

    assert lines == ["left alone: Epoch 3: planned by a person", "nothing to change"]
