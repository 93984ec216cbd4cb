"""Announcing: once, in words, and never what was undone before anyone was told."""

from __future__ import annotations

import pytest

from registry.choices import EpochState, PollGroup
from registry.models import Epoch, LedgerEntry, OutboxMessage
from registry.services.epochs import NotAllowed, WrongState, announce_epoch, apply_plan, import_poll, plan_rollback
from registry.services.ledger import verify
from tests.registry.epochs.factories import ANN, BEN, NOBODY, applied, approved, make_epoch, poll_of

URL = "https://snapshot.org/#/hbot.eth/proposal/0x" + "b" * 64


def take_back(number: int) -> None:
    apply_plan(approved(plan_rollback(number, actor=ANN, reason="the wrong poll")).hash, actor=BEN)


def test_a_message_is_written_with_the_changeset_and_published_once(epoch):
    applied(6)
    message = OutboxMessage.objects.get()
    assert (message.published_at, message.title) == (None, "Epoch 6: 7 entered, 1 unchanged")
    (told,) = announce_epoch(6, actor=ANN)
    assert told == message
    assert OutboxMessage.objects.get().published_at is not None
    entries = LedgerEntry.objects.count()
    assert announce_epoch(6, actor=BEN) == []
    assert LedgerEntry.objects.count() == entries
    assert LedgerEntry.objects.order_by("-number")[0].after["messages"] == ["changeset:1"]


def test_the_post_tells_tiers_in_words_with_votes_ranks_and_polls(policies, exchanges):
    make_epoch(6, polls={PollGroup.DEX: {"dydx": 600_000}})
    import_poll(6, poll_of({"kucoin": 900_000, "okx": "800000.5", "huobi": 5_000}, url=URL), actor=ANN)
    applied(6)
    body = OutboxMessage.objects.get().body
    assert "## Entered" in body
    assert f"| Okx | no tier | Silver | 2 of 3 | 800,000.5 | [CEX connectors](<{URL}>) |" in body
    assert "| Dydx | no tier | Gold | 1 of 1 | 600,000 | DEX connectors |" in body
    assert "## Unchanged" in body
    assert "| Huobi | no tier | no tier, not in the release | 3 of 3 | 5,000 |" in body
    assert "under Tiers with budgets (epoch 6, HGP-45) (hgp-45 v1)" in body
    assert "| Kucoin | CEX connectors | 400,000 HBOT |" in body


def test_names_cannot_write_markdown(epoch, exchanges):
    exchanges["okx"].name = "O|K [x](http://evil) <b>\n# big"
    exchanges["okx"].save()
    applied(6)
    body = OutboxMessage.objects.get().body
    assert r"| O\|K \[x\](http://evil) \<b\> \# big |" in body


def test_what_was_taken_back_before_anyone_was_told_is_never_told(epoch):
    applied(6)
    take_back(6)
    message = OutboxMessage.objects.get()
    assert message.cancelled_at is not None
    with pytest.raises(WrongState, match="nothing to tell of"):
        announce_epoch(6, actor=ANN)
    assert OutboxMessage.objects.filter(published_at__isnull=False).count() == 0


def test_what_was_told_and_taken_back_has_its_own_message(epoch):
    applied(6)
    announce_epoch(6, actor=ANN)
    take_back(6)
    (message,) = announce_epoch(6, actor=ANN)
    assert (message.title, message.key) == ("Epoch 6 tiers withdrawn", "changeset:2")
    assert "What stood before stands again." in message.body
    assert "Reason: the wrong poll" in message.body
    assert "## Left" in message.body
    epoch.refresh_from_db()
    assert epoch.state == EpochState.ROLLED_BACK
    assert announce_epoch(6, actor=ANN) == []
    assert verify() == []


def test_an_epoch_applied_again_is_told_again(epoch):
    applied(6)
    announce_epoch(6, actor=ANN)
    take_back(6)
    applied(6)
    assert [message.key for message in announce_epoch(6, actor=ANN)] == ["changeset:2", "changeset:3"]
    epoch.refresh_from_db()
    assert epoch.state == EpochState.ANNOUNCED


def test_history_is_not_announced(epoch):
    Epoch.objects.filter(number=6).update(is_history=True)
    applied(6)
    with pytest.raises(WrongState, match="is history"):
        announce_epoch(6, actor=ANN)


def test_nothing_is_told_of_what_was_not_applied(epoch):
    with pytest.raises(WrongState, match="apply a plan of it first"):
        announce_epoch(6, actor=ANN)
    with pytest.raises(NotAllowed, match=r"registry\.announce_epoch"):
        announce_epoch(6, actor=NOBODY)
