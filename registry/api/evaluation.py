"""Any rules over any result, in one request: a pure function that anyone may call, and nothing is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rest_framework.response import Response

from registry.api.admin import refuse_large
from registry.api.public import PublicView
from registry.api.requests import Body, body_of
from registry.choices import PollGroup, ProposalAction, Voting
from registry.governance.evaluate import Decision, evaluate
from registry.governance.policy import parse_policy
from registry.governance.printed import printed_votes
from registry.governance.tallies import PollResult, Tally, Votes
from registry.models import Policy
from registry.parameters import BadParameters

if TYPE_CHECKING:
    from rest_framework.request import Request

MAX_BODY_BYTES = 256 * 1024
MAX_CHOICES = 200
"""Ten times the largest poll that there was."""


class TallyBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """`votes` as a decimal in quotes, or as printed: "123456.78", "10.3m", "22 million HBOT"."""

    name: str
    index: int | None = None
    votes: str | None = None
    rank: int | None = None
    included: bool | None = None


class ResultBody(Struct, kw_only=True, forbid_unknown_fields=True):
    group: PollGroup
    tallies: list[TallyBody]
    voting: Voting | None = None
    total: str | None = None
    action: ProposalAction | None = None


class EvaluationBody(Body, kw_only=True):
    """`policy`: the name of one that is here, such as "hgp-45 v1", or a whole document."""

    policy: str | dict[str, Any]
    result: ResultBody
    decisions: list[dict[str, Any]] = []


class Evaluate(PublicView):
    http_method_names = ["post", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_large(request, MAX_BODY_BYTES)

    def post(self, request: Request) -> Response:
        asked = body_of(request, EvaluationBody)
        policy = parse_policy(_document(asked.policy))
        if len(asked.decisions) > MAX_CHOICES:
            raise BadParameters({"decisions": [f"{len(asked.decisions)} decisions: send {MAX_CHOICES} at most"]})
        decisions = [Decision.from_json(decision) for decision in asked.decisions]
        return Response(evaluate(_result(asked.result), policy, decisions).trace())


def _document(policy: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(policy, dict):
        return policy
    known = {str(row): row.document for row in Policy.objects.all()}
    if policy not in known:
        raise BadParameters({"policy": [f"there is no policy “{policy}”: there are {', '.join(known) or 'none'}"]})
    document: dict[str, Any] = known[policy]
    return document


def _result(asked: ResultBody) -> PollResult:
    if not 1 <= len(asked.tallies) <= MAX_CHOICES:
        raise BadParameters({"result.tallies": [f"{len(asked.tallies)} choices: send 1 to {MAX_CHOICES}"]})
    tallies = tuple(
        Tally(
            index=tally.index if tally.index is not None else place,
            name=tally.name,
            votes=_votes(tally.votes, f"result.tallies[{place - 1}].votes"),
            stated_rank=tally.rank,
            stated_included=tally.included,
        )
        for place, tally in enumerate(asked.tallies, start=1)
    )
    total = _votes(asked.total, "result.total")
    return PollResult(asked.group, tallies, voting=asked.voting, total=total, action=asked.action)


def _votes(text: str | None, field: str) -> Votes | None:
    if text is None:
        return None
    try:
        return printed_votes(text)
    except ValueError as error:
        raise BadParameters({field: [str(error)]}) from error
