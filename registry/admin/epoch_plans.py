"""The pages from plan to published tiers and back: plan, look, approve, apply, announce, take back, and what if."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from registry.admin.epoch_forms import (
    ApproveForm,
    DecisionForm,
    OverrideFormSet,
    PlanForm,
    RollbackForm,
    WhatIfForm,
)
from registry.admin.epoch_pages import (
    CONFLICT,
    REFUSED,
    acting,
    epoch_page,
    may,
    page,
    put_on_form,
    tell_refusal,
    to_epoch,
)
from registry.choices import ChangesetKind
from registry.errors import RegistryError
from registry.governance.policy import PolicyDocument, parse_policy, with_changes
from registry.models import Epoch, Plan, Policy
from registry.services import epochs as services
from registry.services.epochs import plan_words
from registry.services.epochs.errors import StalePlan


@epoch_page("plan_epoch")
def make_plan(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """The form for a plan: day, policy, answers to open questions, overrides."""
    sent = request.POST if request.method == "POST" else None
    form = PlanForm(sent, initial={"effective_from": epoch.effective_from})
    answers = _decision_forms(epoch, sent)
    overrides = OverrideFormSet(sent, prefix="override", initial=epoch.overrides if sent is None else None)
    faulty = [part for part in (form, *answers) if not part.is_valid()]  # all are asked, so that each shows its errors
    if overrides.is_valid() and not faulty:
        try:
            plan = services.plan_epoch(
                epoch.number,
                actor=acting(request),
                **form.cleaned_data,
                decisions=_kept(epoch, sent) + [said for answer in answers for said in answer.decisions()],
                overrides=[said for row in overrides if (said := row.override())],
            )
        except RegistryError as refusal:
            put_on_form(form, refusal)
        else:
            messages.success(request, "The plan is written. Nothing has changed yet.")
            return _to_plan(epoch, plan)
    return page(
        request,
        "plan_form",
        f"Plan {epoch}",
        epoch=epoch,
        form=form,
        answers=[(plan_words.question_words(answer.question), answer) for answer in answers],
        overrides=overrides,
        decisions=_made_decisions(epoch),
        status=REFUSED if sent is not None else 200,
    )


@epoch_page()
def show_plan(request: HttpRequest, epoch: Epoch, plan_id: int) -> HttpResponse:
    """The plan as a difference, and the buttons for what may be done with it."""
    plan = get_object_or_404(epoch.plans.select_related("reverses", "changeset"), pk=plan_id)
    return _plan_page(request, epoch, plan)


@require_POST
@epoch_page("approve_plan")
def approve_plan(request: HttpRequest, epoch: Epoch, plan_id: int) -> HttpResponse:
    plan = get_object_or_404(epoch.plans, pk=plan_id)
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return _plan_page(request, epoch, plan, form=form, status=REFUSED)
    try:
        services.approve_plan(plan.hash, actor=acting(request), acknowledgement=form.cleaned_data["acknowledgement"])
    except StalePlan as stale:
        return _stale_page(request, epoch, plan, stale)
    except RegistryError as refusal:
        put_on_form(form, refusal)
        return _plan_page(request, epoch, plan, form=form, status=REFUSED)
    messages.success(request, "The plan is approved. Nothing has changed yet: apply it next.")
    return _to_plan(epoch, plan)


@require_POST
@epoch_page("apply_plan")
def apply_plan(request: HttpRequest, epoch: Epoch, plan_id: int) -> HttpResponse:
    plan = get_object_or_404(epoch.plans, pk=plan_id)
    try:
        changeset = services.apply_plan(plan.hash, actor=acting(request))
    except StalePlan as stale:
        return _stale_page(request, epoch, plan, stale)
    except RegistryError as refusal:
        tell_refusal(request, refusal)
        return _to_plan(epoch, plan)
    act = "taken back" if changeset.kind == ChangesetKind.ROLLBACK else "applied"
    messages.success(request, f"{epoch} is {act}: changeset {changeset.serial}, from {changeset.effective_from}.")
    return to_epoch(epoch)


@require_POST
@epoch_page("announce_epoch")
def announce(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    published = services.announce_epoch(epoch.number, actor=acting(request))
    for message in published:
        messages.success(request, f"Published: {message.title}")
    if not published:
        messages.info(request, "There was nothing left to announce.")
    return to_epoch(epoch)


@epoch_page("plan_epoch")
def plan_rollback(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """A roll-back is a plan as well: it is looked at, approved and applied."""
    form = RollbackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            plan = services.plan_rollback(epoch.number, actor=acting(request), reason=form.cleaned_data["reason"])
        except RegistryError as refusal:
            put_on_form(form, refusal)
        else:
            messages.success(request, "The roll-back is planned. Nothing has changed yet.")
            return _to_plan(epoch, plan)
    return page(
        request, "rollback", f"Take {epoch} back", epoch=epoch, form=form, status=REFUSED if form.errors else 200
    )


@epoch_page()
def what_if(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """Other rules over the same results, against what happened. It writes nothing, and so its address can be shared."""
    form = WhatIfForm(request.GET or None)
    difference: Mapping[str, Any] | None = None
    if form.is_bound and form.is_valid():
        policy = form.cleaned_data["policy"] or epoch.policy
        try:
            if policy is None:
                form.add_error("policy", f"{epoch} has no policy yet: choose one")
            else:
                difference = services.what_if(epoch.number, policy=_changed(policy, form.cleaned_data["min_votes"]))
        except RegistryError as refusal:
            put_on_form(form, refusal)
    return page(
        request,
        "what_if",
        f"{epoch} under other rules",
        epoch=epoch,
        form=form,
        difference=difference,
        sections=plan_words.sections(difference) if difference else [],
        asides=plan_words.asides(difference) if difference else [],
    )


def _changed(policy: Policy, min_votes: Decimal | None) -> PolicyDocument:
    document = parse_policy(policy.document)
    return document if min_votes is None else with_changes(document, min_votes=min_votes)


def _plan_page(
    request: HttpRequest, epoch: Epoch, plan: Plan, *, form: ApproveForm | None = None, status: int = 200
) -> HttpResponse:
    changeset = getattr(plan, "changeset", None)
    is_current = plan == epoch.current_plan
    is_open = changeset is None and is_current
    return page(
        request,
        "plan",
        f"{plan.get_kind_display()} plan of {epoch}",
        epoch=epoch,
        plan=plan,
        changeset=changeset,
        is_current=is_current,
        sections=plan_words.sections(plan.document),
        asides=plan_words.asides(plan.document),
        polls=plan_words.polls_read(plan.document),
        approve_form=(form or ApproveForm())
        if is_open and plan.approved_at is None and may(request, "approve_plan")
        else None,
        may_apply=is_open and plan.approved_at is not None and may(request, "apply_plan"),
        may_plan=is_open and may(request, "plan_epoch"),
        status=status,
    )


def _stale_page(request: HttpRequest, epoch: Epoch, plan: Plan, stale: StalePlan) -> HttpResponse:
    return page(
        request,
        "stale",
        "This plan is out of date",
        epoch=epoch,
        plan=plan,
        difference=stale.difference,
        may_plan=may(request, "plan_epoch"),
        status=CONFLICT,
    )


def _decision_forms(epoch: Epoch, sent: Any) -> list[DecisionForm]:
    """One for each question that the latest plan left open."""
    plan = epoch.current_plan
    questions = plan.document.get("questions", []) if plan and plan.kind == ChangesetKind.APPLY else []
    return [
        DecisionForm(
            sent,
            prefix=f"question-{place}",
            question=question,
            names=plan_words.choice_names(plan.document, question["group"]) if plan else {},
        )
        for place, question in enumerate(questions)
    ]


def _made_decisions(epoch: Epoch) -> list[str]:
    """The decisions of before in words, each of which can be kept or dropped."""
    plan = epoch.current_plan
    return [plan_words.decision_words(decision, plan.document if plan else {}) for decision in epoch.decisions]


def _kept(epoch: Epoch, sent: Any) -> list[dict[str, Any]]:
    places = sent.getlist("keep")
    return [decision for place, decision in enumerate(epoch.decisions) if str(place) in places]


def _to_plan(epoch: Epoch, plan: Plan) -> HttpResponse:
    return redirect(reverse("admin:registry_epoch_plan", args=[epoch.pk, plan.pk]))
