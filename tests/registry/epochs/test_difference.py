"""What is different since a plan was made, said in sentences that name it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from registry.choices import PollGroup
from registry.models import Choice, Poll, Subject
from registry.services.epochs import import_poll, map_choice, plan_epoch, remove_poll, set_target
from registry.services.epochs.difference import difference
from tests.registry.epochs.factories import ANN, make_epoch, poll_of

FAR = "2041-01-01"
OVERRIDE = {"exchange": "okx", "tier": "gold", "reason": "asked", "expires_on": FAR}


@pytest.fixture
def since(epoch) -> Callable[..., list[str]]:
    """What is different in a plan of epoch 6 made now, from one made before the test did anything."""
    planned = plan_epoch(6, actor=ANN).document

    def compare(**wanted: object) -> list[str]:
        return difference(planned, plan_epoch(6, actor=ANN, **wanted).document)

    return compare


def test_other_rules(since):
    lines = since(policy="hgp-50", policy_reason="asked")
    assert lines[0].startswith("The rules are hgp-50 v1 (")
    assert "Kucoin: entered, from no tier to no tier, in the release; it was: entered, from no tier to Gold." in lines
    assert "Pot of Kucoin (CEX connectors): 333,334 HBOT; it was: 400,000 HBOT." in lines


def test_another_day_decision_and_override(since):
    assert since(effective_from=date(2031, 1, 1))[0].startswith("It would take effect on 2031-01-01, and was to on ")
    decision = {"group": "cex", "kind": "include", "choices": [1], "reason": "asked"}
    lines = since(decisions=[decision], overrides=[OVERRIDE])
    assert {"The decisions are different ones.", "The overrides are different ones."} <= set(lines)
    assert "Okx: entered, from no tier to Gold, an override; it was: entered, from no tier to Silver." in lines
    assert any(line.startswith("A warning is new: CEX connectors: ") for line in lines)


def test_polls_that_came_went_or_read_otherwise(since):
    Subject.objects.create(kind="chain", slug="ethereum", name="Ethereum")
    import_poll(6, poll_of({"Ethereum": 500_000}, group=PollGroup.CHAIN), actor=ANN)
    remove_poll(Poll.objects.get(group="dex").pk, actor=ANN, reason="of another epoch")
    import_poll(6, poll_of({"kucoin": 500_000, "okx": 500_000}), actor=ANN, replace=True, reason="recount")
    lines = since()
    assert lines[:3] == [
        "CEX connectors: the result is another one.",
        "DEX connectors: the poll was taken out since.",
        "Chain connectors: the poll was imported since.",
    ]
    assert "Dydx is no longer decided about; it was: entered, from no tier to Gold." in lines
    assert "Pot of Dydx (DEX connectors): none; it was: 400,000 HBOT." in lines
    assert any(line.startswith("A question is open: ") for line in lines)


def test_choices_that_stand_for_another(since):
    choice = Choice.objects.get(name="huobi")
    map_choice(choice.pk, actor=ANN, ignore=True, reason="closed")
    lines = since()
    assert lines[0] == "CEX connectors: huobi stands for nothing, and stood for huobi."
    assert "Huobi is no longer decided about; it was: unchanged, from no tier to no tier, not in the release." in lines


def test_a_proposal_that_is_about_another(policies, exchanges):
    make_epoch(14, polls={PollGroup.PROPOSAL: {"For": 9_000_000, "Against": 1}})
    poll = Poll.objects.get()
    set_target(poll.pk, actor=ANN, subject=Subject.objects.get(slug="okx"), action="add")
    planned = plan_epoch(14, actor=ANN).document
    set_target(poll.pk, actor=ANN, subject=Subject.objects.get(slug="kraken"), action="add")
    lines = difference(planned, plan_epoch(14, actor=ANN).document)
    assert lines == [
        "Single proposal: it is about another exchange, or asks for something else.",
        "Kraken is decided about now: entered, from no tier to no tier, in the release.",
        "Okx is no longer decided about; it was: entered, from no tier to no tier, in the release.",
    ]


def test_it_is_never_silent(since):
    assert since() == ["What it was computed from reads differently: plan again to see it."]
