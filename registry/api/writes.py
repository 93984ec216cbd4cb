"""What admins do through the API: read the body, call one service, say what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import status
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.response import Response

from registry.api.admin import AdminView
from registry.api.bodies import choice_body, epoch_body, full_change_body, message_body, plan_body, poll_body
from registry.api.reads import EpochReads
from registry.api.requests import (
    AcknowledgementBody,
    ChoiceMappingBody,
    EpochBody,
    PlanBody,
    PollBody,
    ReasonBody,
    TargetBody,
    body_of,
    imported_poll,
    mapping_arguments,
    subject_named,
)
from registry.models import Choice, Plan, Poll
from registry.public.changes import change_of
from registry.public.epochs import epoch_on
from registry.public.missing import NotHere
from registry.services.epochs import (
    announce_epoch,
    apply_plan,
    approve_plan,
    create_epoch,
    import_poll,
    map_choice,
    plan_epoch,
    plan_rollback,
    set_target,
    suggestions,
)
from registry.services.epochs.actors import IMPORT_POLL
from registry.services.epochs.errors import NoSuchPlan

if TYPE_CHECKING:
    from rest_framework.request import Request


class EpochList(EpochReads, AdminView):
    """Anyone may read it; to add an epoch one signs in."""

    is_public_to_read = True

    def post(self, request: Request) -> Response:
        asked = body_of(request, EpochBody)
        create_epoch(
            asked.number,
            actor=self.actor,
            label=asked.label,
            starts_on=asked.starts_on,
            ends_on=asked.ends_on,
            reason=asked.reason,
        )
        return Response(epoch_body(epoch_on(asked.number)), status=status.HTTP_201_CREATED)


class PollImport(AdminView):
    """A poll's result, as a file (`file`, multipart) or as text (`content`, JSON), or fetched by its vote id.

    The same bytes again are 200 and change nothing; other bytes for the same poll are a 409.
    """

    parser_classes = [JSONParser, MultiPartParser]

    def get(self, request: Request, number: int) -> Response:
        polls = epoch_on(number).polls
        rows = [poll_body(view.poll) | {"choices": [choice_body(row.choice) for row in view.choices]} for view in polls]
        return self.listed(rows)

    def post(self, request: Request, number: int) -> Response:
        asked = body_of(request, PollBody)
        self.actor.must(IMPORT_POLL, "import a poll")  # before anything is fetched for somebody who may not
        report = import_poll(
            number,
            imported_poll(asked, request.FILES.get("file")),
            actor=self.actor,
            reason=asked.reason,
            replace=asked.replace,
        )
        body = {"poll": poll_body(report.poll), "is_new": report.is_new, "sentences": list(report.sentences)}
        return Response(body, status=status.HTTP_201_CREATED if report.is_new else status.HTTP_200_OK)


class Mapping(AdminView):
    """What each choice stands for, with suggestions for those that are not mapped yet; POST maps one of them."""

    def get(self, request: Request, number: int) -> Response:
        choices = [row.choice for poll in epoch_on(number).polls for row in poll.choices]
        return self.listed([_mapping_body(choice) for choice in choices])

    def post(self, request: Request, number: int) -> Response:
        asked = body_of(request, ChoiceMappingBody)
        if not Choice.objects.filter(pk=asked.choice, poll__epoch__number=number).exists():
            raise NotHere(f"epoch {number} has no choice {asked.choice}: GET this address lists them")
        choice = map_choice(asked.choice, actor=self.actor, reason=asked.reason, **mapping_arguments(asked))
        return Response(choice_body(choice) | {"epoch_state": choice.poll.epoch.state})


class Target(AdminView):
    """Whom a single proposal is about; its choices, for and against, need no mapping."""

    http_method_names = ["post", "options"]

    def post(self, request: Request, number: int) -> Response:
        asked = body_of(request, TargetBody)
        if not Poll.objects.filter(pk=asked.poll, epoch__number=number).exists():
            raise NotHere(f"epoch {number} has no poll {asked.poll}: GET epochs/{number}/polls/ lists them")
        poll = set_target(
            asked.poll,
            actor=self.actor,
            subject=subject_named(asked.subject),
            action=asked.action,
            amount=asked.amount,
            reason=asked.reason,
        )
        return Response(poll_body(poll))


class EpochPlan(AdminView):
    """GET: the latest plan. POST: a new one; what is left out of the body stays as the epoch has it."""

    def get(self, request: Request, number: int) -> Response:
        plan = epoch_on(number).epoch.current_plan
        if plan is None:
            raise NotHere(f"epoch {number} has no plan yet: POST to this address makes one")
        return Response(plan_body(plan))

    def post(self, request: Request, number: int) -> Response:
        asked = body_of(request, PlanBody)
        plan = plan_epoch(
            number,
            actor=self.actor,
            reason=asked.reason,
            effective_from=asked.effective_from,
            policy=asked.policy,
            policy_reason=asked.policy_reason,
            decisions=asked.decisions,
            overrides=asked.overrides,
        )
        return Response(plan_body(plan), status=status.HTTP_201_CREATED)


class PlanDetail(AdminView):
    def get(self, request: Request, plan_hash: str) -> Response:
        plan = Plan.objects.select_related("epoch").filter(hash=plan_hash).order_by("-pk").first()
        if plan is None:
            raise NoSuchPlan(plan_hash)
        return Response(plan_body(plan))


class Approve(AdminView):
    http_method_names = ["post", "options"]

    def post(self, request: Request, plan_hash: str) -> Response:
        asked = body_of(request, AcknowledgementBody)
        return Response(plan_body(approve_plan(plan_hash, actor=self.actor, acknowledgement=asked.acknowledgement)))


class Apply(AdminView):
    """A second press answers with the same changeset; a plan whose base has changed is a 409 with what is different."""

    http_method_names = ["post", "options"]

    def post(self, request: Request, plan_hash: str) -> Response:
        changeset = apply_plan(plan_hash, actor=self.actor)
        return Response(full_change_body(change_of(changeset.serial)))


class Announce(AdminView):
    http_method_names = ["post", "options"]

    def post(self, request: Request, number: int) -> Response:
        return self.listed([message_body(told) for told in announce_epoch(number, actor=self.actor)])


class Rollback(AdminView):
    """Plans it: approving and applying that plan takes the epoch's result back."""

    http_method_names = ["post", "options"]

    def post(self, request: Request, number: int) -> Response:
        plan = plan_rollback(number, actor=self.actor, reason=body_of(request, ReasonBody).reason)
        return Response(plan_body(plan), status=status.HTTP_201_CREATED)


def _mapping_body(choice: Choice) -> dict[str, Any]:
    near = [] if choice.subject else suggestions(choice)
    return choice_body(choice) | {
        "poll": choice.poll_id,
        "mapping_note": choice.mapping_note or None,
        "suggestions": [{"kind": subject.kind, "slug": subject.slug, "name": subject.name} for subject in near],
    }
