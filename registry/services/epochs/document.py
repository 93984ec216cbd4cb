"""A plan's document: everything that an epoch would change and why, computed from the rows and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from registry.choices import ChangesetKind, ChoiceMapping, EpochState, PollGroup, ProposalAction, Tier
from registry.governance.canonical import decimal_text, digest
from registry.governance.evaluate import Decision, PollOutcome, evaluate
from registry.governance.names import name_key
from registry.governance.policy import PolicyDocument
from registry.governance.policy_schema import PolicyKind
from registry.governance.wording import epochs_named, figure, listed
from registry.models import Changeset, Choice, Epoch, Policy, Poll
from registry.services.epochs.errors import BadValue
from registry.services.epochs.moves import Candidate, Override, move_exchanges, summary
from registry.services.epochs.results import poll_result, result_digest
from registry.services.epochs.state import exchange_names, standings, state
from registry.services.ledger import plain

FORMAT = 1
UNHASHED = {"effects"}
"""What a plan tells beside what it does: whoever registers another effect makes no plan stale."""

UNHASHED_IN_ROLLBACK = UNHASHED | {"effective_from"}
"""A roll-back takes effect on the day it is applied, so a night between plan and press changes nothing."""

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy as it is evaluated. `held_under` is the one that the polls were held under, in a what-if."""

    policy: PolicyDocument
    held_under: PolicyDocument | None = None

    @property
    def has_tiers(self) -> bool:
        """Whether an exchange can have a tier under them."""
        return any(band.label.value in Tier.values for band in self.policy.bands)

    def as_json(self) -> dict[str, Any]:
        policy = self.policy
        return {"slug": policy.slug, "version": policy.version, "sha256": policy.sha256, "title": policy.title}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One poll with what it comes to."""

    poll: Poll
    outcome: PollOutcome
    choices: Mapping[int, Choice]  # by index

    @property
    def label(self) -> str:
        return self.poll.get_group_display()

    @property
    def open_indices(self) -> set[int]:
        return {index for question in self.outcome.questions for index in question.choices}


def plan_hash(document: Mapping[str, Any]) -> str:
    """Over the whole document but what it merely tells."""
    unhashed = UNHASHED_IN_ROLLBACK if document["kind"] == "rollback" else UNHASHED
    return digest({key: value for key, value in document.items() if key not in unhashed})


def withdrawn_changesets() -> list[int]:
    """Primary keys of what was taken back: a plan is made as though they had never been."""
    return list(Changeset.objects.filter(reversed_by__isnull=False).values_list("pk", flat=True))


def apply_document(
    epoch: Epoch,
    rules: Rules,
    *,
    effective_from: date,
    decisions: Sequence[Mapping[str, Any]],
    overrides: Sequence[Override],
    without: Iterable[int] = (),
) -> dict[str, Any]:
    """What *epoch* would change under *rules* from that day on. Changesets in *without* count as never applied.

    A fixed number of queries, however many exchanges and choices. Raises BadValue, PollUnfit and DecisionRefused.
    """
    fetched = _polls(epoch)
    must_fit(rules.policy, fetched)
    left_out = [*without, *withdrawn_changesets()]
    settled = [Decision.from_json(decision) for decision in decisions]
    evaluated = [_evaluate(poll, rules, settled) for poll in fetched]
    polls = [_poll_json(entry) for entry in evaluated]
    moved = move_exchanges(
        [candidate for entry, shown in zip(evaluated, polls, strict=True) for candidate in _candidates(entry, shown)],
        standings=standings(as_of=effective_from, without=left_out),
        names=exchange_names(),
        epoch=str(epoch),
        has_tiers=rules.has_tiers,
        overrides=overrides,
    )
    document = {
        "format": FORMAT,
        "kind": "apply",
        "epoch": epoch.number,
        "policy": rules.as_json(),
        "effective_from": effective_from,
        "base": {
            "state": digest(state(as_of=effective_from, without=left_out)),
            "changesets": list(epoch.changesets.order_by("serial").values_list("serial", flat=True)),
        },
        "polls": polls,
        "moves": moved.moves,
        "counts": moved.counts,
        "summary": summary(moved.counts),
        "open": moved.still_open,
        "absent": moved.absent,
        "overrides": [_override_json(override, moved.moves) for override in overrides],
        "pots": [pot for entry, shown in zip(evaluated, polls, strict=True) for pot in _pots(entry, shown)],
        "decisions": list(decisions),
        "effects": [],  # told by whoever keeps the plan
        "warnings": [*_warnings(evaluated, rules, settled), *_overtaken(epoch), *_late(epoch, effective_from)],
        "questions": [
            {"group": entry.poll.group, "poll": entry.poll.pk, **question.to_json()}
            for entry in evaluated
            for question in entry.outcome.questions
        ],
    }
    as_json: dict[str, Any] = plain(document)
    return as_json


def must_fit(policy: PolicyDocument, polls: Iterable[Poll]) -> None:
    """Raises BadValue where rules for single proposals alone meet a poll that ranks choices."""
    ranking = [PollGroup(poll.group) for poll in polls if poll.group != PollGroup.PROPOSAL]
    if policy.kind is not PolicyKind.SINGLE_PROPOSALS or not ranking:
        return
    groups = listed([group.label for group in ranking])
    fitting = [str(other) for other in Policy.objects.all() if {*ranking} <= {*other.document.get("groups", ())}]
    remedy = f"choose rules that do: {listed(fitting)}" if fitting else "no rules here do"
    raise BadValue("policy", f"{policy} knows only single proposals, and no polls such as {groups}; {remedy}")


def _polls(epoch: Epoch) -> list[Poll]:
    polls = epoch.polls.select_related("evidence", "target__exchange").prefetch_related("choices__subject__exchange")
    return sorted(polls, key=lambda poll: (PollGroup.values.index(poll.group), poll.pk))


def _evaluate(poll: Poll, rules: Rules, decisions: Sequence[Decision]) -> Evaluated:
    outcome = evaluate(poll_result(poll), rules.policy, decisions, held_under=rules.held_under)
    return Evaluated(poll, outcome, {choice.index: choice for choice in poll.choices.all()})


def _poll_json(entry: Evaluated) -> dict[str, Any]:
    poll, outcome = entry.poll, entry.outcome
    traced = outcome.trace()
    return {
        "poll": poll.pk,
        "group": poll.group,
        "title": poll.title,
        "url": poll.url,
        "snapshot_id": poll.snapshot_id,
        "evidence": poll.evidence.sha256 if poll.evidence else None,
        "results": result_digest(poll_result(poll)),
        "voting": poll.voting,
        "total": traced["total"],
        "quorum_reached": outcome.quorum_reached,
        "passed": outcome.passed,
        "target": _target_json(poll),
        "choices": [_choice_json(entry.choices[choice.index], choice.trace()) for choice in outcome.choices],
    }


def _choice_json(choice: Choice, trace: dict[str, Any]) -> dict[str, Any]:
    subject = choice.subject
    return trace | {
        "rounded": trace["votes_margin"] not in {None, "0"},
        "mapping": str(choice.mapping),
        "kind": subject.kind if subject else None,
        "subject": subject.slug if subject else None,
        "exchange": subject.exchange.slug if subject and subject.exchange else None,
    }


def _target_json(poll: Poll) -> dict[str, Any] | None:
    if poll.target is None:
        return None
    return {"kind": poll.target.kind, "subject": poll.target.slug, "action": poll.action, "amount": poll.amount}


def _candidates(entry: Evaluated, shown: Mapping[str, Any]) -> Iterable[Candidate]:
    if entry.poll.group == PollGroup.PROPOSAL:
        yield from _proposal_candidate(entry, shown)
        return
    for trace in shown["choices"]:
        if trace["exchange"] is not None:
            yield Candidate(
                exchange=trace["exchange"],
                poll=entry.poll.pk,
                group=entry.poll.group,
                of=len(shown["choices"]),
                trace=trace,
                is_open=trace["index"] in entry.open_indices,
            )


def _proposal_candidate(entry: Evaluated, shown: Mapping[str, Any]) -> Iterable[Candidate]:
    """The exchange that a single proposal is about, with the votes that were cast for it."""
    target = entry.poll.target
    if target is None or target.exchange is None or entry.poll.action == ProposalAction.FUND:
        return
    cast_for = next((trace for trace in shown["choices"] if name_key(trace["name"]) in {"for", "yes"}), None)
    trace = dict(cast_for or shown["choices"][0]) | {"label": "", "included": entry.outcome.target_included}
    yield Candidate(
        exchange=target.exchange.slug,
        poll=entry.poll.pk,
        group=entry.poll.group,
        of=len(shown["choices"]),
        trace=trace,
        is_open=bool(entry.outcome.questions),
    )


def _pots(entry: Evaluated, shown: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """What the poll allots: as computed, or as printed where no votes are known to compute it from."""
    poll = entry.poll
    if poll.group == PollGroup.PROPOSAL:
        if poll.target and poll.action == ProposalAction.FUND and entry.outcome.passed and poll.amount:
            yield _pot_json(poll.target, poll, poll.amount, "as proposed")
        return
    for trace in shown["choices"]:
        choice = entry.choices[trace["index"]]
        if choice.subject is None or trace["index"] in entry.open_indices:
            continue
        if trace["pot"] is not None and Decimal(trace["pot"]) > 0:
            yield _pot_json(choice.subject, poll, Decimal(trace["pot"]), "computed")
        elif trace["pot"] is None and choice.stated_pot:
            yield _pot_json(choice.subject, poll, choice.stated_pot, "as printed")


def _pot_json(subject: Any, poll: Poll, amount: Decimal, basis: str) -> dict[str, Any]:
    return {
        "subject": subject.slug,
        "kind": subject.kind,
        "name": subject.name,
        "group": poll.group,
        "amount": decimal_text(amount.quantize(CENT)),
        "unit": "HBOT",
        "basis": basis,
    }


def _override_json(override: Override, moves: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    move = next((move for move in moves if move["exchange"] == override.exchange), None)
    if move is None:  # a question about the exchange is open
        return override.as_json() | {"name": override.exchange, "instead_of": None}
    otherwise = move["decided"] or move["old"]
    instead_of = {"tier": otherwise["tier"], "included": otherwise["included"]}
    return override.as_json() | {"name": move["name"], "instead_of": instead_of}


def _late(epoch: Epoch, effective_from: date) -> Iterable[str]:
    """A day that has passed was published already. A plan for today meets this at midnight, and is out of date then."""
    if effective_from < timezone.now().date() and not epoch.is_history:
        yield f"It takes effect on {effective_from}, which has passed: what stood on the days since changes."


def _overtaken(epoch: Epoch) -> Iterable[str]:
    """Earlier epochs that wait: they cannot be applied once this one stands."""
    earlier = Epoch.objects.filter(number__lt=epoch.number, pk__in=Poll.objects.values("epoch"))
    standing = Changeset.objects.filter(kind=ChangesetKind.APPLY, reversed_by__isnull=True)
    waiting = earlier.exclude(pk__in=standing.values("epoch")).exclude(state=EpochState.ROLLED_BACK).order_by("number")
    if numbers := list(waiting.values_list("number", flat=True)):
        yield f"Not applied: {epochs_named(numbers)}. Once {epoch} stands, an earlier epoch can no longer be applied."


def _warnings(evaluated: Sequence[Evaluated], rules: Rules, decisions: Iterable[Decision]) -> Iterable[str]:
    """What an approver must have read: the polls' own oddities, and where polls and rules do not meet."""
    held = {entry.poll.group for entry in evaluated}
    asked = [group for group in rules.policy.groups if group != PollGroup.PROPOSAL]
    for group in asked:
        if group not in held:
            yield f"The rules hold a poll on {group.label}, and none was imported."
    for entry in evaluated:
        for text in (*entry.poll.warnings, *entry.outcome.warnings):
            yield f"{entry.label}: {text}"
        for choice in entry.choices.values():
            pot = entry.outcome.by_index[choice.index].pot
            if choice.mapping == ChoiceMapping.IGNORED and pot:
                yield f"{entry.label}: {choice.name} is left out, so its pot of {figure(pot)} HBOT goes to nobody."
    for decision in decisions:
        if decision.group not in held:
            yield f"A decision is about a poll on {decision.group.label}, and none was imported: {decision.reason}"
