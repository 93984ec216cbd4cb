"""Why an exchange has its tier, or none: the decision in force on a day, with everything that led to it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from registry.choices import Basis, Tier
from registry.models import Exchange, Poll, TierAssignment
from registry.querysets import LATEST_FIRST
from registry.services.epochs.past_tier import last_tier_of
from registry.services.epochs.wording import tier_words
from registry.services.ledger import plain

_TRACED = ("rank", "votes", "share", "margin_to_next", "next_label", "margin_to_removal", "leaves_next", "rule")


def why(exchange: Exchange, *, as_of: date | None = None) -> dict[str, Any]:
    """What is in force for *exchange* on *as_of* (today in UTC when None), and why: see the keys.

    JSON-able; decimals and days are text. `sentence` says it in plain words. `last_tier` is the one it had before, for
    an exchange that has none on that day.
    """
    day = as_of or timezone.now().date()
    decisions = _decisions(exchange, day)
    assignment = next((decision for decision in decisions if decision.holds_on(day)), None)
    trace = assignment.trace if assignment else {}
    outcome = trace.get("outcome") or {}
    last_tier = None if assignment and assignment.tier else _last_tier(decisions, day)
    answer = {
        "exchange": exchange.slug,
        "name": exchange.name,
        "as_of": day,
        "tier": assignment.tier if assignment else "",
        "tier_label": str(Tier(assignment.tier).label) if assignment and assignment.tier else "",
        "included": assignment.included if assignment else None,
        "basis": assignment.basis if assignment else "",
        "sentence": _sentence(exchange, assignment, last_tier),
        "group": trace.get("group", ""),
        "of": trace.get("of"),
        **{key: outcome.get(key) for key in _TRACED},
        "steps": outcome.get("steps", []),
        "also": trace.get("also", []),
        "poll": _poll(trace.get("poll")),
        "policy": _policy(assignment),
        "changeset": _changeset(assignment),
        "override": _override(assignment),
        "effective_from": assignment.effective_from if assignment else None,
        "decided_by": assignment.decided_by if assignment else "",
        "reason": assignment.reason if assignment else "",
        "source_url": assignment.source_url if assignment else "",
        "last_tier": last_tier,
    }
    as_json: dict[str, Any] = plain(answer)
    return as_json


def _sentence(exchange: Exchange, assignment: TierAssignment | None, last_tier: dict[str, Any] | None) -> str:
    if assignment is None:
        return f"{exchange.name} has no tier: nothing is decided about it on that day.{_was(last_tier)}"
    origin = f" ({assignment.epoch})" if assignment.epoch else ""
    since = f"since {assignment.effective_from}{origin}"
    if assignment.basis == Basis.OVERRIDE:
        words = tier_words({"tier": assignment.tier, "included": assignment.included})
        until = f" until {assignment.expires_on}" if assignment.expires_on else ""
        text = f"{exchange.name}: {words}, {since}, by an override of {assignment.decided_by}{until}: "
        return text + assignment.reason
    if assignment.tier:
        return f"{exchange.name} is {Tier(assignment.tier).label} {since}. {assignment.reason}"
    fates = {
        True: "it stays in the release",
        False: "it leaves the release",
        None: "nothing was decided of its place in the release",
    }
    text = (
        f"{exchange.name} has no tier. {assignment.epoch or 'Decided'}, in effect since {assignment.effective_from}: "
    )
    text += f"{fates[assignment.included]}. {assignment.reason}"
    return text + _was(last_tier)


def _was(last_tier: dict[str, Any] | None) -> str:
    return f" It was {last_tier['label']} from {last_tier['from']} until {last_tier['until']}." if last_tier else ""


def _decisions(exchange: Exchange, day: date) -> list[TierAssignment]:
    """All that took effect by *day*, latest first, also what expired or was taken back since."""
    decisions = exchange.tier_assignments.filter(effective_from__lte=day).order_by(*LATEST_FIRST)
    origin = ("changeset__policy", "changeset__epoch", "changeset__plan", "changeset__reversed_by")
    return list(decisions.select_related(*origin).defer("changeset__policy__document", "changeset__plan__document"))


def _last_tier(decisions: list[TierAssignment], day: date) -> dict[str, Any] | None:
    past = last_tier_of(decisions, day)
    if past is None:
        return None
    return {
        "tier": past.assignment.tier,
        "label": str(Tier(past.assignment.tier).label),
        "from": past.assignment.effective_from,
        "until": past.ended_on,
        "epoch": past.assignment.epoch,
    }


def _poll(key: Any) -> dict[str, Any] | None:
    poll = Poll.objects.select_related("epoch", "evidence").filter(pk=key).first() if key else None
    if poll is None:
        return None
    return {
        "id": poll.pk,
        "epoch": poll.epoch.number,
        "group": poll.group,
        "title": poll.title,
        "url": poll.url,
        "snapshot_id": poll.snapshot_id,
        "closed_at": poll.closed_at,
        "evidence_sha256": poll.evidence.sha256 if poll.evidence else None,
        "source": poll.evidence.get_source_display() if poll.evidence else "",
    }


def _policy(assignment: TierAssignment | None) -> dict[str, Any] | None:
    changeset = assignment.changeset if assignment else None
    policy = changeset.policy if changeset else None
    if policy is None:
        return None
    return {"slug": policy.slug, "version": policy.version, "title": policy.title, "sha256": policy.sha256}


def _changeset(assignment: TierAssignment | None) -> dict[str, Any] | None:
    changeset = assignment.changeset if assignment else None
    if changeset is None:
        return None
    return {
        "serial": changeset.serial,
        "epoch": changeset.epoch.number,
        "applied_by": changeset.applied_by,
        "applied_at": changeset.applied_at,
        "plan": changeset.plan.hash,
    }


def _override(assignment: TierAssignment | None) -> dict[str, Any] | None:
    if assignment is None or assignment.basis != Basis.OVERRIDE:
        return None
    return {"reason": assignment.reason, "expires_on": assignment.expires_on}
