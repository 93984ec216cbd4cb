"""Polls on their way in: kept as bytes, told apart, and settled by people where they contradict."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from registry.choices import ChoiceMapping, EpochState, PollGroup, Voting
from registry.models import Alias, Choice, Epoch, LedgerEntry, Poll, PollEvidence, Subject
from registry.services.epochs import (
    BadValue,
    NoSuchEpoch,
    NotAllowed,
    PollConflict,
    WrongState,
    create_epoch,
    import_poll,
    poll_result,
    remove_poll,
)
from registry.services.ledger import verify
from tests.registry.epochs.cut_off import everything
from tests.registry.epochs.factories import ANN, CLOSED, NOBODY, applied, make_epoch, poll_of

CLOSED_LATER = CLOSED + timedelta(days=1)
VOTE = "0x" + "a" * 64


@pytest.fixture
def draft(policies, exchanges) -> Epoch:
    return create_epoch(6, actor=ANN, reason="quarter", label="Q4 2023")


def test_an_epoch_begins_under_the_rules_in_force_for_its_number(policies):
    assert create_epoch(6, actor=ANN, reason="quarter").policy == policies["hgp-45"]
    assert create_epoch(20, actor=ANN, reason="quarter").policy == policies["hgp-77"]
    assert create_epoch(2, actor=ANN, reason="quarter").policy is None


def test_an_epoch_that_cannot_be_is_refused(policies):
    create_epoch(6, actor=ANN, reason="quarter")
    with pytest.raises(WrongState, match="There is an epoch 6 already"):
        create_epoch(6, actor=ANN, reason="quarter")
    with pytest.raises(BadValue, match="number: 0"):
        create_epoch(0, actor=ANN, reason="quarter")
    with pytest.raises(BadValue, match="reason: say why"):
        create_epoch(7, actor=ANN, reason=" ")
    with pytest.raises(NotAllowed, match="History"):
        create_epoch(7, actor=ANN, reason="quarter", is_history=True)
    with pytest.raises(NotAllowed, match=r"registry\.import_poll"):
        create_epoch(7, actor=NOBODY, reason="quarter")
    with pytest.raises(BadValue, match="characters that are no text"):
        create_epoch(7, actor=ANN, reason="quarter\0")


def test_choices_that_are_spelled_like_an_exchange_map_by_themselves(draft):
    report = import_poll(6, poll_of({"KuCoin": 300_000, "ok_x": 200_000, "Mystery": 100_000}), actor=ANN)
    assert report.is_new
    assert report.sentences == (
        "2 of 3 choices stand for what is spelled like them.",
        "Say what these stand for: Mystery.",
    )
    draft.refresh_from_db()
    assert draft.state == EpochState.IMPORTED
    mapped = Choice.objects.filter(mapping=ChoiceMapping.MAPPED).values_list("name", "subject__slug")
    assert dict(mapped) == {"KuCoin": "kucoin", "ok_x": "okx"}


def test_a_poll_that_maps_whole_makes_the_epoch_mapped(draft):
    import_poll(6, poll_of({"kucoin": 300_000}), actor=ANN)
    draft.refresh_from_db()
    assert draft.state == EpochState.MAPPED


def test_an_alias_maps_in_its_epochs_and_not_beyond(draft):
    subject = Subject.objects.get(slug="huobi")
    Alias.objects.create(subject=subject, name="HTX", key="htx", from_epoch=7)
    import_poll(6, poll_of({"HTX": 300_000}), actor=ANN)
    assert Choice.objects.get().mapping == ChoiceMapping.UNMAPPED
    create_epoch(7, actor=ANN, reason="quarter")
    import_poll(7, poll_of({"HTX": 310_000}), actor=ANN)
    assert Choice.objects.get(poll__epoch__number=7).subject == subject


def test_a_spelling_that_stands_for_two_is_left_to_a_person(draft):
    for slug in ("huobi", "okx"):
        Alias.objects.create(subject=Subject.objects.get(slug=slug), name="Both", key="both")
    import_poll(6, poll_of({"Both": 300_000}), actor=ANN)
    assert Choice.objects.get().mapping == ChoiceMapping.UNMAPPED


def test_the_second_choice_of_one_subject_is_left_to_a_person(draft):
    Alias.objects.create(subject=Subject.objects.get(slug="uniswap"), name="Uni swap v3", key="uniswapv3")
    import_poll(6, poll_of({"uniswap": 300_000, "Uniswap v3": 200_000}, group=PollGroup.DEX), actor=ANN)
    second = Choice.objects.get(index=2)
    assert second.mapping == ChoiceMapping.UNMAPPED
    assert second.mapping_note == "Spelled like Uniswap, for which choice 1 stands already."


def test_bytes_and_exact_votes_are_kept(draft):
    imported = poll_of({"kucoin": "900000.000000000000000001"}, snapshot_id=VOTE, space="hbot.eth")
    poll = import_poll(6, imported, actor=ANN).poll
    assert bytes(PollEvidence.objects.get().content) == imported.content
    assert poll.evidence.sha256 == imported.sha256
    assert poll_result(poll) == imported.result
    assert Choice.objects.get().votes == Decimal("900000.000000000000000001")


def test_the_same_bytes_again_change_nothing(draft):
    imported = poll_of({"kucoin": 300_000})
    first = import_poll(6, imported, actor=ANN)
    rows = everything()
    again = import_poll(6, imported, actor=ANN)
    assert (again.is_new, again.poll) == (False, first.poll)
    assert "nothing was changed" in again.sentences[0]
    assert everything() == rows


def test_the_same_bytes_again_change_nothing_even_when_applied(epoch):
    applied(6)
    imported = poll_of({"dydx": 600_000, "uniswap": 500_000}, group=PollGroup.DEX)
    assert not import_poll(6, imported, actor=ANN).is_new


def test_other_bytes_for_the_same_poll_are_a_conflict_for_a_person(draft):
    import_poll(6, poll_of({"kucoin": 300_000, "okx": 1}), actor=ANN)
    rows = everything()
    with pytest.raises(PollConflict) as refusal:
        import_poll(6, poll_of({"kucoin": 300_001, "kraken": 2}), actor=ANN)
    assert refusal.value.difference == (
        "Choice 1, kucoin: 300,000 votes, now 300,001.",
        "Choice 2: okx, now kraken.",
        "Choice 2, kraken: 1 votes, now 2.",
    )
    assert everything() == rows


def test_a_conflict_is_settled_with_a_reason(draft):
    first = import_poll(6, poll_of({"kucoin": 300_000}), actor=ANN).poll
    second = poll_of({"kucoin": 310_000, "okx": 5})
    with pytest.raises(BadValue, match="say why the new result holds"):
        import_poll(6, second, actor=ANN, replace=True)
    report = import_poll(6, second, actor=ANN, replace=True, reason="the first was taken before the end")
    assert report.poll.pk == first.pk
    assert poll_result(report.poll) == second.result
    assert PollEvidence.objects.count() == 2  # both stay
    entry = LedgerEntry.objects.order_by("-number")[0]
    assert (str(entry.action), entry.reason) == ("conflict", "the first was taken before the end")
    assert entry.before["votes"] == {"kucoin": "300000"}
    assert entry.after["votes"] == {"kucoin": "310000", "okx": "5"}


def test_one_vote_is_the_poll_of_one_epoch(draft):
    import_poll(6, poll_of({"kucoin": 300_000}, snapshot_id=VOTE), actor=ANN)
    create_epoch(7, actor=ANN, reason="quarter")
    with pytest.raises(PollConflict, match="one vote decides one poll"):
        import_poll(7, poll_of({"okx": 300_000}, snapshot_id=VOTE), actor=ANN)


def test_one_file_chosen_for_two_epochs_is_a_slip(draft):
    imported = poll_of({"kucoin": 300_000})
    import_poll(6, imported, actor=ANN)
    create_epoch(7, actor=ANN, reason="quarter")
    with pytest.raises(PollConflict, match="choose the right file"):
        import_poll(7, imported, actor=ANN)


def test_an_applied_epoch_takes_no_poll(epoch):
    applied(6)
    with pytest.raises(WrongState, match="roll back first"):
        import_poll(6, poll_of({"kucoin": 5}), actor=ANN, replace=True, reason="x")


def test_a_poll_that_has_not_closed_is_refused(draft):
    later = timezone.now() + timedelta(hours=1)
    with pytest.raises(WrongState, match="import it once it has closed"):
        import_poll(6, poll_of({"kucoin": 5}, closed_at=later), actor=ANN)


def test_an_epoch_must_be_there_and_importing_be_allowed(draft):
    with pytest.raises(NoSuchEpoch, match="create it first"):
        import_poll(9, poll_of({"kucoin": 5}), actor=ANN)
    with pytest.raises(NotAllowed, match=r"registry\.import_poll"):
        import_poll(6, poll_of({"kucoin": 5}), actor=NOBODY)


def test_a_poll_is_taken_out_again_and_its_bytes_stay(epoch):
    poll = Poll.objects.get(group="dex")
    remove_poll(poll.pk, actor=ANN, reason="of another epoch")
    assert not Poll.objects.filter(group="dex").exists()
    assert PollEvidence.objects.count() == 2
    assert verify() == []


def test_a_poll_of_an_applied_epoch_stays(epoch):
    applied(6)
    with pytest.raises(WrongState, match="roll back first"):
        remove_poll(Poll.objects.get(group="dex").pk, actor=ANN, reason="x")


@pytest.mark.parametrize("many", [3, 30])
def test_queries_do_not_grow_with_choices(draft, django_assert_max_num_queries, many):
    imported = poll_of({f"Choice {index}": index for index in range(1, many + 1)})
    with django_assert_max_num_queries(32):
        import_poll(6, imported, actor=ANN)


def test_polls_of_several_epochs_stand_side_by_side(policies, exchanges):
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": 1}})
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 2}})
    assert Poll.objects.count() == 2


def test_a_conflict_tells_every_kind_of_difference(draft):
    import_poll(6, poll_of({"kucoin": 300_000, "okx": 1, "kraken": None}), actor=ANN)
    other = poll_of({"kucoin": "300000.5", "okx": 1}, voting=Voting.QUADRATIC, snapshot_id=VOTE, closed_at=CLOSED_LATER)
    with pytest.raises(PollConflict) as refusal:
        import_poll(6, other, actor=ANN)
    assert refusal.value.difference == (
        f"Vote: no id, now {VOTE}.",
        "Voting: weighted, now quadratic.",
        "Choice 1, kucoin: 300,000 votes, now 300,000.5.",
        "Choice 3, kraken, is gone; it had not stated votes.",
        "Closed: 2026-01-15 12:00 UTC, now 2026-01-16 12:00 UTC.",
    )


def test_bytes_that_differ_and_say_the_same_are_a_conflict_too(draft):
    import_poll(6, poll_of({"kucoin": 300_000}), actor=ANN)
    with pytest.raises(PollConflict) as refusal:
        import_poll(6, poll_of({"kucoin": 300_000}, title="Once more"), actor=ANN)
    assert refusal.value.difference == ("The bytes differ, and what was read from them does not.",)


def test_dates_and_labels_that_cannot_be_are_refused(policies):
    with pytest.raises(BadValue, match="ends_on: 2026-01-01 lies before"):
        create_epoch(6, actor=ANN, reason="x", starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1))
    with pytest.raises(BadValue, match="label"):
        create_epoch(6, actor=ANN, reason="x", label="Q" * 61)


def test_a_poll_without_choices_is_refused(draft):
    with pytest.raises(BadValue, match="no choices"):
        import_poll(6, poll_of({}), actor=ANN)


def test_a_poll_that_the_rules_do_not_hold_is_told_at_once(policies, exchanges):
    create_epoch(14, actor=ANN, reason="a new quarter")
    report = import_poll(14, poll_of({"kucoin": 500_000}), actor=ANN)
    assert (
        "Epoch 14 goes by hgp-77 v1, which holds no poll on CEX connectors: other rules can be chosen with the plan."
        in report.sentences
    )
