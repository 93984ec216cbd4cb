"""Governance as JSON: null for what is not known, days and times in ISO 8601, decimals as strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from registry.governance.canonical import decimal_text

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from registry.models import Choice, OutboxMessage, Plan, Poll
    from registry.public.changes import ChangeView
    from registry.public.epoch_compare import EpochComparison
    from registry.public.epochs import ChoiceView, EpochView, PollView
    from registry.public.policies import PolicyView


def moment_text(at: date | datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def exact_text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)


def epoch_body(view: EpochView) -> dict[str, Any]:
    epoch, change = view.epoch, view.change
    return {
        "number": epoch.number,
        "url": reverse("registry-api:epoch", args=[epoch.number]),
        "html_url": reverse("registry:epoch", args=[epoch.number]),
        "label": epoch.label or None,
        "starts_on": moment_text(epoch.starts_on),
        "ends_on": moment_text(epoch.ends_on),
        "state": epoch.state,
        "standing": view.standing,
        "policy": str(view.policy) if view.policy else None,
        "policy_reason": epoch.policy_reason or None,
        "effective_from": moment_text(change.changeset.effective_from if change else epoch.effective_from),
        "changeset": change.changeset.serial if change else None,
        "changesets": [earlier.changeset.serial for earlier in view.changes],
        "is_history": epoch.is_history,
    }


def full_epoch_body(view: EpochView) -> dict[str, Any]:
    return epoch_body(view) | {
        "notes": view.epoch.notes or None,
        "polls": [poll_view_body(poll) for poll in view.polls],
        "moves": view.document.get("moves", []),
        "absent": view.document.get("absent", []),
        "pots": view.document.get("pots", []),
        "warnings": view.document.get("warnings", []),
        "contradictions": view.contradictions,
    }


def poll_view_body(view: PollView) -> dict[str, Any]:
    """What stood to vote; `outcome` is null where nothing was decided on the day that is asked about."""
    by_index = {choice["index"]: choice for choice in view.decided.get("choices", ())}
    return poll_body(view.poll) | {
        "quorum_reached": view.decided.get("quorum_reached"),
        "choices": [choice_body(row.choice) | {"outcome": by_index.get(row.choice.index)} for row in view.choices],
    }


def poll_body(poll: Poll) -> dict[str, Any]:
    return {
        "id": poll.pk,
        "group": poll.group,
        "title": poll.title or None,
        "voting": poll.voting or None,
        "url": poll.url or None,
        "space": poll.space or None,
        "snapshot_id": poll.snapshot_id or None,
        "proposal_number": poll.proposal_number or None,
        "opened_at": moment_text(poll.opened_at),
        "closed_at": moment_text(poll.closed_at),
        "total_votes": exact_text(poll.total_votes),
        "total_votes_margin": exact_text(poll.total_votes_margin),
        "voters": poll.voters,
        "stated_quorum_percent": exact_text(poll.stated_quorum_percent),
        "action": poll.action or None,
        "target": poll.target.slug if poll.target else None,
        "amount": exact_text(poll.amount),
        "evidence_sha256": poll.evidence.sha256 if poll.evidence else None,
        "warnings": poll.warnings,
    }


def choice_body(choice: Choice) -> dict[str, Any]:
    subject = choice.subject
    return {
        "id": choice.pk,
        "index": choice.index,
        "name": choice.name,
        "votes": exact_text(choice.votes),
        "votes_margin": exact_text(choice.votes_margin),
        "stated_votes": choice.stated_votes or None,
        "stated_rank": choice.stated_rank,
        "stated_share": exact_text(choice.stated_share),
        "stated_tier": choice.stated_tier or None,
        "stated_included": choice.stated_included,
        "mapping": choice.mapping,
        "subject": {"kind": subject.kind, "slug": subject.slug, "name": subject.name} if subject else None,
    }


def epoch_comparison_body(view: EpochComparison) -> dict[str, Any]:
    return {
        "from": epoch_body(view.before),
        "to": epoch_body(view.after),
        "exchanges": [
            {
                "exchange": shift.slug,
                "name": shift.name,
                "change": section.change,
                "from": shift.before._asdict() if shift.before else None,
                "to": shift.after._asdict() if shift.after else None,
            }
            for section in view.sections
            for shift in section.shifts
        ],
        "polls": [
            {
                "title": poll.title,
                "from": poll.before.poll.pk if poll.before else None,
                "to": poll.after.poll.pk if poll.after else None,
                "choices": [
                    {"name": pair.name, "from": _choice_in_short(pair.before), "to": _choice_in_short(pair.after)}
                    for pair in poll.pairs
                ],
            }
            for poll in view.polls
        ],
        "rules": [line._asdict() | {"differs": line.differs} for line in view.rules],
    }


def _choice_in_short(view: ChoiceView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    votes = exact_text(view.choice.votes)
    return {"index": view.choice.index, "rank": view.rank, "votes": votes, "outcome": view.outcome.word}


def policy_body(view: PolicyView) -> dict[str, Any]:
    policy = view.policy
    return {
        "slug": policy.slug,
        "version": policy.version,
        "title": policy.title,
        "url": reverse("registry-api:policy", args=[policy.slug, policy.version]),
        "html_url": reverse("registry:policy", args=[policy.slug, policy.version]),
        "from_epoch": policy.from_epoch,
        "to_epoch": policy.to_epoch,
        "in_force_from": moment_text(view.in_force_from),
        "is_in_force": view.is_in_force,
        "has_tiers": view.rules.has_tiers,
        "sha256": policy.sha256,
    }


def full_policy_body(view: PolicyView) -> dict[str, Any]:
    return policy_body(view) | {
        "schema_url": reverse("registry:policy-schema"),
        "in_words": [{"label": fact.label, "text": fact.text} for fact in view.facts],
        "document": view.policy.document,
    }


def change_body(view: ChangeView) -> dict[str, Any]:
    changeset = view.changeset
    return {
        "serial": changeset.serial,
        "url": reverse("registry-api:change", args=[changeset.serial]),
        "html_url": reverse("registry:change", args=[changeset.serial]),
        "kind": changeset.kind,
        "epoch": changeset.epoch.number,
        "policy": str(changeset.policy) if changeset.policy else None,
        "plan": changeset.plan.hash,
        "summary": view.summary,
        "reason": changeset.reason or None,
        "effective_from": moment_text(changeset.effective_from),
        "applied_at": moment_text(changeset.applied_at),
        "applied_by": changeset.applied_by,
        "reverses": changeset.reverses.serial if changeset.reverses else None,
        "reversed_by": view.reversed_by.serial if view.reversed_by else None,
        "announcements": [message_body(message) for message in view.messages],
    }


def full_change_body(view: ChangeView) -> dict[str, Any]:
    return change_body(view) | {"document": view.document}


def message_body(message: OutboxMessage) -> dict[str, Any]:
    return {
        "key": message.key,
        "title": message.title,
        "markdown": message.body,
        "published_at": moment_text(message.published_at),
    }


def plan_body(plan: Plan) -> dict[str, Any]:
    return {
        "hash": plan.hash,
        "url": reverse("registry-api:plan", args=[plan.hash]),
        "kind": plan.kind,
        "epoch": plan.epoch.number,
        "reason": plan.reason or None,
        "planned_by": plan.planned_by,
        "planned_at": moment_text(plan.planned_at),
        "approved_by": plan.approved_by or None,
        "approved_at": moment_text(plan.approved_at),
        "acknowledgement": plan.acknowledgement or None,
        "document": plan.document,
    }
