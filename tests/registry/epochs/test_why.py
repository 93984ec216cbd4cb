"""Why an exchange has its tier, or none, today and on any day."""

from __future__ import annotations

import json
from datetime import timedelta

from django.utils import timezone

from registry.choices import PollGroup
from registry.models import Choice, Exchange, TierAssignment
from registry.services.epochs import apply_plan, plan_rollback, why
from tests.registry.epochs.factories import ANN, BEN, applied, approved, make_epoch


def of(slug: str, **wanted) -> dict:
    return why(Exchange.objects.get(slug=slug), **wanted)


def test_a_tier_is_answered_with_rule_rank_votes_margins_poll_policy_and_changeset(epoch):
    today = timezone.now().date()
    changeset = applied(6)
    answer = of("kraken")
    assert (answer["tier"], answer["tier_label"], answer["included"], answer["basis"]) == (
        "silver",
        "Silver",
        True,
        "poll",
    )
    assert (answer["rank"], answer["of"], answer["votes"], answer["group"]) == (4, 6, "300000", "cex")
    assert (answer["margin_to_next"], answer["next_label"], answer["margin_to_removal"]) == ("600000", "gold", "100000")
    assert "bands[1]" in answer["rule"]
    assert answer["steps"]
    assert (answer["poll"]["epoch"], answer["poll"]["group"]) == (6, "cex")
    assert len(answer["poll"]["evidence_sha256"]) == 64
    assert (answer["policy"]["slug"], answer["policy"]["version"]) == ("hgp-45", 1)
    assert answer["changeset"]["serial"] == 1
    assert answer["changeset"]["plan"] == changeset.plan.hash
    assert answer["sentence"].startswith(f"Kraken is Silver since {today} (Epoch 6). Rank 4 of 6 with 300,000 HBOT")
    json.dumps(answer)


def test_one_that_was_never_voted_on_has_no_tier_for_that_reason(epoch):
    answer = of("kraken")
    assert answer["sentence"] == "Kraken has no tier: nothing is decided about it on that day."
    assert (answer["tier"], answer["poll"], answer["policy"], answer["last_tier"]) == ("", None, None, None)


def test_one_that_was_voted_out_tells_its_last_tier_and_until_when(epoch):
    today = timezone.now().date()
    applied(6, effective_from=today - timedelta(days=90))
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 900_000, "okx": 90_000}})
    applied(7, policy="hgp-45", policy_reason="once more")
    answer = of("okx")
    assert (answer["tier"], answer["included"], answer["rank"]) == ("", False, 2)
    assert answer["last_tier"] == {
        "tier": "silver",
        "label": "Silver",
        "from": (today - timedelta(days=90)).isoformat(),
        "until": today.isoformat(),
        "epoch": "Epoch 6",
    }
    assert "it leaves the release" in answer["sentence"]
    assert of("okx", as_of=today - timedelta(days=1))["tier"] == "silver"


def test_rules_without_tiers_are_the_reason_where_they_are(epoch):
    applied(6, effective_from=timezone.now().date() - timedelta(days=90))
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 900_000}})
    applied(7)
    named, unnamed = of("kucoin"), of("dydx")
    assert (named["included"], named["group"], named["last_tier"]["tier"]) == (True, "cex", "gold")
    assert (unnamed["included"], unnamed["poll"], unnamed["last_tier"]["tier"]) == (None, None, "gold")
    assert "the rules have no tiers" in unnamed["sentence"]


def test_an_override_is_told_as_one(epoch):
    until = timezone.now().date() + timedelta(days=30)
    override = {"exchange": "huobi", "tier": "bronze", "reason": "a partner", "expires_on": until.isoformat()}
    applied(6, overrides=[override])
    answer = of("huobi")
    assert (answer["tier"], answer["basis"]) == ("bronze", "override")
    assert answer["override"] == {"reason": "a partner", "expires_on": until.isoformat()}
    assert f"by an override of ann until {until}: a partner" in answer["sentence"]
    assert of("huobi", as_of=until)["included"] is False


def test_one_in_two_polls_keeps_both_traces(policies, exchanges):
    make_epoch(10, polls={PollGroup.CLOB_SPOT: {"kucoin": 90_000}, PollGroup.CLOB_PERP: {"kucoin": 300_000}})
    applied(10)
    answer = of("kucoin")
    assert (answer["group"], answer["votes"], answer["included"]) == ("clob_perp", "300000", True)
    (other,) = answer["also"]
    assert (other["group"], other["outcome"]["votes"], other["outcome"]["included"]) == ("clob_spot", "90000", False)


def test_what_was_taken_back_no_longer_answers(epoch):
    applied(6)
    apply_plan(approved(plan_rollback(6, actor=ANN, reason="x")).hash, actor=BEN)
    assert of("kucoin")["sentence"] == "Kucoin has no tier: nothing is decided about it on that day."


def test_a_tier_recorded_without_a_poll_is_answered_too(exchanges):
    TierAssignment.objects.create(
        exchange=exchanges["okx"],
        tier="gold",
        reason="By the board.",
        decided_by="the board",
        recorded_by="x",
        effective_from="2024-01-01",
    )
    answer = of("okx")
    assert (answer["basis"], answer["changeset"], answer["rank"]) == ("record", None, None)
    assert answer["sentence"] == "Okx is Gold since 2024-01-01. By the board."


def test_votes_that_the_source_rounds_are_told_as_rounded(policies, exchanges):
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": 740_200}})
    Choice.objects.update(votes_margin="50")
    applied(6)
    assert "Rank 1 of 1 with about 740,200 HBOT: Gold." in of("kucoin")["sentence"]


def test_votes_that_the_source_does_not_state_are_told_as_that(policies, exchanges):
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": None, "okx": None}})
    Choice.objects.filter(name="kucoin").update(stated_rank=1, stated_included=True)
    Choice.objects.filter(name="okx").update(stated_included=False)
    applied(6)
    assert "Rank 1 of 2 (votes not stated): Gold." in of("kucoin")["sentence"]
    assert "As the source lists it, votes not stated: no tier, not in the release." in of("okx")["sentence"]


def test_a_tier_that_was_taken_back_is_told_as_the_last_it_had(epoch, monkeypatch):
    today = timezone.now().date()
    applied(6, effective_from=today - timedelta(days=9))
    apply_plan(approved(plan_rollback(6, actor=ANN, reason="x")).hash, actor=BEN)
    answer = of("kucoin")
    assert answer["last_tier"]["until"] == today.isoformat()
    assert answer["sentence"].endswith(f"It was Gold from {today - timedelta(days=9)} until {today}.")
    assert of("kucoin", as_of=today - timedelta(days=1))["tier"] == "gold"


def test_an_override_that_expired_is_told_as_the_last_tier(epoch):
    until = timezone.now().date() + timedelta(days=30)
    override = {"exchange": "huobi", "tier": "bronze", "reason": "a partner", "expires_on": until.isoformat()}
    applied(6, overrides=[override])
    assert of("huobi", as_of=until)["last_tier"]["until"] == until.isoformat()
    assert of("huobi", as_of=until - timedelta(days=1))["last_tier"] is None
