"""The page on which a person says what each choice of an epoch's polls means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from registry.admin.epoch_forms import MappingForm, TargetForm
from registry.admin.epoch_pages import REFUSED, acting, epoch_page, page, put_on_form
from registry.choices import ChoiceMapping, PollGroup, SubjectKind
from registry.errors import RegistryError
from registry.governance.wording import figure
from registry.models import Choice, Epoch, Poll, Subject
from registry.services import epochs as services


@epoch_page("import_poll")
def map_choices(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """Every choice of every poll; those that are not mapped can be decided here, all with one button."""
    polls = list(epoch.polls.prefetch_related("choices__subject"))
    sent = request.POST if request.method == "POST" else None
    open_choices = [
        choice
        for poll in polls
        if poll.group != PollGroup.PROPOSAL
        for choice in poll.choices.all()
        if choice.mapping == ChoiceMapping.UNMAPPED
    ]
    forms = {form.choice.pk: form for form in _forms(open_choices, sent)}
    if sent is not None:
        valid = [form for form in forms.values() if form.is_valid()]
        mapped = sum(_map(request, form) for form in valid if form.is_decided)
        if len(valid) == len(forms) and not any(form.errors for form in valid):
            messages.success(request, f"{mapped} of {len(forms)} choices are decided now.")
            return redirect(reverse("admin:registry_epoch_map", args=[epoch.pk]))
        messages.error(request, "Some choices were refused; the reasons stand beside them.")
    rows = [
        (poll, [(one, one.stated_votes or figure(one.votes), forms.get(one.pk)) for one in poll.choices.all()])
        for poll in polls
    ]
    status = REFUSED if sent is not None else 200
    return page(
        request, "map", f"What the choices of {epoch} mean", epoch=epoch, rows=rows, open=len(forms), status=status
    )


@epoch_page("import_poll")
def map_choice(request: HttpRequest, epoch: Epoch, choice_id: int) -> HttpResponse:
    """One choice alone: where a mapping is to be changed or taken back."""
    choice = get_object_or_404(Choice.objects.select_related("poll__epoch", "subject"), pk=choice_id, poll__epoch=epoch)
    (form,) = _forms([choice], request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and form.is_decided and _map(request, form):
        messages.success(request, f"{choice.name} is decided anew.")
        return redirect(reverse("admin:registry_epoch_map", args=[epoch.pk]))
    return page(request, "map_choice", f"What {choice.name} means", epoch=epoch, choice=choice, form=form)


@epoch_page("import_poll")
def set_target(request: HttpRequest, epoch: Epoch, poll_id: int) -> HttpResponse:
    """Whom a single proposal is about."""
    poll = get_object_or_404(Poll, pk=poll_id, epoch=epoch, group=PollGroup.PROPOSAL)
    initial = {"subject": poll.target_id, "action": poll.action, "amount": poll.amount}
    form = TargetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_target(poll.pk, actor=acting(request), **form.cleaned_data)
        except RegistryError as refusal:
            put_on_form(form, refusal)
        else:
            messages.success(request, f"{poll} is about {form.cleaned_data['subject']}.")
            return redirect(reverse("admin:registry_epoch_map", args=[epoch.pk]))
    return page(request, "target", f"Whom it is about: {poll.title or poll}", epoch=epoch, poll=poll, form=form)


def _forms(choices: Sequence[Choice], sent: Any) -> list[MappingForm]:
    """A form for each, with the subjects of its kind; those are read once for all."""
    kinds = {PollGroup(choice.poll.group).subject_kind for choice in choices}
    subjects: dict[SubjectKind, list[Subject]] = {
        kind: list(Subject.objects.filter(kind=kind).order_by("name")) for kind in kinds
    }
    return [
        MappingForm(
            sent,
            choice=choice,
            suggested=services.suggestions(choice),
            subjects=subjects[PollGroup(choice.poll.group).subject_kind],
        )
        for choice in choices
    ]


def _map(request: HttpRequest, form: MappingForm) -> bool:
    """Whether the service took it; if not, the form says why."""
    try:
        services.map_choice(form.choice.pk, actor=acting(request), **form.mapping())
    except RegistryError as refusal:
        put_on_form(form, refusal)
        return False
    return True
