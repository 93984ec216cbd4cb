"""What every epoch page does alike: who may see it, what stands around it, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from registry.choices import EpochState
from registry.errors import RegistryError
from registry.models import Epoch
from registry.services.epochs.actors import Actor, actor_for
from registry.services.epochs.errors import BadValue

REFUSED = 422
CONFLICT = 409

EpochView = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class WayStep:
    """One state on an epoch's way, and where the epoch stands to it, in words."""

    label: str
    meaning: str
    mark: str
    is_here: bool


_MEANINGS = {
    EpochState.DRAFT: "the epoch exists",
    EpochState.IMPORTED: "a poll’s result is kept, with its bytes",
    EpochState.MAPPED: "every choice stands for somebody, or is left out",
    EpochState.PLANNED: "what would change is written down",
    EpochState.APPROVED: "somebody agreed to exactly that",
    EpochState.APPLIED: "the tiers are changed",
    EpochState.ANNOUNCED: "everybody was told",
    EpochState.ROLLED_BACK: "the changes were taken back",
}


def way(epoch: Epoch) -> list[WayStep]:
    """The states in order, the current one marked; a roll-back shows once it has happened. History is not announced."""
    here = EpochState(epoch.state)
    optional = {EpochState.ROLLED_BACK, *([EpochState.ANNOUNCED] if epoch.is_history else [])}
    states = [state for state in EpochState if state not in optional or state == here]
    place = states.index(here)
    return [
        WayStep(
            str(state.label),
            _MEANINGS[state],
            "here now" if state == here else "done" if number < place else "to come",
            state == here,
        )
        for number, state in enumerate(states)
    ]


def may(request: HttpRequest, permission: str) -> bool:
    """Whether the user has *permission*, a codename of ours such as plan_epoch."""
    return request.user.has_perm(f"registry.{permission}")


def acting(request: HttpRequest) -> Actor:
    return actor_for(request.user)


def epoch_page(permission: str = "view_epoch") -> Callable[[EpochView], EpochView]:
    """A view of one epoch, found by its row's id, for those who may see epochs and have *permission*.

    A refusal of the registry that the view does not turn into a page of its own is told on the epoch's page.
    """

    def decorate(view: EpochView) -> EpochView:
        @wraps(view)
        def guarded(request: HttpRequest, epoch_id: int, **arguments: Any) -> HttpResponse:
            if not (may(request, "view_epoch") and may(request, permission)):
                raise PermissionDenied
            epoch = get_object_or_404(Epoch.objects.select_related("policy"), pk=epoch_id)
            try:
                return view(request, epoch, **arguments)
            except RegistryError as refusal:
                tell_refusal(request, refusal)
                return to_epoch(epoch)

        return guarded

    return decorate


def page(
    request: HttpRequest, template: str, title: str, *, epoch: Epoch | None = None, status: int = 200, **context: Any
) -> HttpResponse:
    """The page *template* of the epoch pages, with what the admin shows around every page of its own."""
    request.current_app = admin.site.name
    around = {**admin.site.each_context(request), "opts": Epoch._meta, "title": title, "epoch": epoch}
    return TemplateResponse(request, f"admin/registry/epoch/{template}.html", {**around, **context}, status=status)


def refusals(refusal: RegistryError) -> list[str]:
    """A refusal's sentences, each fit to stand in a list."""
    problems = getattr(refusal, "problems", None)
    lines = [str(problem) for problem in problems] if problems else str(refusal).splitlines()
    return [line.removeprefix("- ") for line in lines if line.strip()]


def tell_refusal(request: HttpRequest, refusal: RegistryError) -> None:
    for line in refusals(refusal):
        messages.error(request, line)


def put_on_form(form: BaseForm, refusal: RegistryError) -> None:
    """Shows *refusal* on the form: at the field it names, else above all fields."""
    if isinstance(refusal, BadValue) and refusal.field in form.fields:
        form.add_error(refusal.field, str(refusal).removeprefix(f"{refusal.field}: "))
    else:
        form.add_error(None, refusals(refusal))


def to_epoch(epoch: Epoch) -> HttpResponse:
    """Back to the epoch's own page, which a reload does not send again."""
    return redirect(reverse("admin:registry_epoch_change", args=[epoch.pk]))
