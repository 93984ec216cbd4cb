"""What the status pages and their JSON say, worked out from rows that were fetched before: no query happens here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.checks.outcomes import Cause, Outcome
from monitoring.choices import Health, Source
from monitoring.headlines import exchange_headline
from monitoring.health import check_health, exchange_health, is_about_our_key
from monitoring.marks import (
    ABSENT,
    HEALTH_MARKS,
    MAINTENANCE,
    OFF,
    OUTCOME_MARKS,
    STALE,
    UNWATCHED,
    WAITING,
    Mark,
    check_mark,
    mark_of_outcome,
)
from monitoring.pictures import Ladder, Strip, ladder_of, strip_of_rounds, strip_of_runs
from monitoring.wording import BLAMES, CAUSES, CONFIDENCES, QUESTIONS, Fact, Question, facts, heading
from registry.choices import DeclaredStatus
from registry.services.bounties.pots import COMMITTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring.models import Check, Result
    from monitoring.querysets import KeptCapture, PastOutcome
    from registry.models import Bounty, Component, Exchange
    from registry.public.standing import Standing

TOLD = frozenset({"source", "pair", "memory"})
"""Evidence that a page shows elsewhere than in its list of evidence, or that only the next run needs."""

DRAWN = TOLD | {"bids", "asks"}
"""The same where the order book could be drawn."""

MIXED = "mixed"

SEEN_AT = {
    Source.SANDBOX.value: ", in the sandbox",
    Source.CUSTOM.value: ", at custom endpoints",
    MIXED: ", not all of it seen live",
}
"""What a headline adds where live endpoints alone were not what was looked at."""


NOT_CHECKED = {
    "available": "No live check yet: this build has no connector for it.",
    "not_built": "Not checked, because it is not built.",
    "not_available": "Not checked, because the exchange does not offer it.",
    "not_applicable": "Not checked, because it does not apply to this exchange.",
    "removed": "Not checked, because the bot no longer has it.",
}


BUILT = frozenset({DeclaredStatus.AVAILABLE, DeclaredStatus.REMOVED})


@dataclass(frozen=True, slots=True)
class ConditionView:
    """One comparison with a limit; *title* is its name as a reader likes it."""

    name: str
    title: str
    limit: str
    seen: str
    outcome: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check with its latest result, None before the first."""

    check: Check
    question: Question
    mark: Mark
    health: Health
    result: Result | None
    cause_text: str
    blame_text: str
    confidence_text: str
    conditions: tuple[ConditionView, ...]
    facts: tuple[Fact, ...]
    ladder: Ladder | None
    past: tuple[PastOutcome, ...]
    capture: KeptCapture | None

    @property
    def strip(self) -> Strip:
        return strip_of_runs(self.past)

    @property
    def anchor(self) -> str:
        return f"check-{self.check.component_id}-{self.check.kind.replace('_', '-')}"

    @property
    def place(self) -> str:
        """The component that is asked: two of one exchange may be asked the same question."""
        return self.check.component.get_kind_display()

    @property
    def source_label(self) -> str:
        return str(Source(self.result.source).label) if self.result else ""

    @property
    def is_stale(self) -> bool:
        return self.mark is STALE

    @property
    def since_label(self) -> str:
        """What begins at `outcome_since`: a check that stopped speaking does not go on being OK."""
        word = mark_of_outcome(self.check).word
        return f"Last known: {word} since" if self.mark in {STALE, OFF} else f"{word} since"

    @property
    def cadence(self) -> timedelta:
        return timedelta(seconds=self.check.cadence_s)

    @property
    def needs_a_look(self) -> bool:
        """What it met is shown at once. That nobody gave it a key is no trouble."""
        if self.mark.name == "inconclusive":
            return self.check.cause != Cause.NO_CREDENTIALS
        return self.mark.name in {"degraded", "failed", "maintenance"}


@dataclass(frozen=True, slots=True)
class ComponentView:
    """One component: what is declared of it, and beside that what is seen of it (health None: nothing looks)."""

    component: Component
    mark: Mark
    health: Health | None
    why_not_checked: str
    checks: tuple[CheckView, ...]
    strip: Strip
    checked_at: datetime | None

    @property
    def anchor(self) -> str:
        return self.component.kind.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason, and the checks that it keeps from being well."""

    mark: Mark
    cause_text: str
    blame_text: str
    checks: tuple[CheckView, ...]


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One exchange: its promise (the tier) and what is observed (health None: nothing looks), side by side."""

    exchange: Exchange
    standing: Standing
    mark: Mark
    health: Health | None
    headline: str
    troubles: tuple[Trouble, ...]
    source: str
    components: tuple[ComponentView, ...]
    checked_at: datetime | None

    @property
    def checks(self) -> tuple[CheckView, ...]:
        return tuple(check for component in self.components for check in component.checks)

    @property
    def has_many_places(self) -> bool:
        return len({check.place for check in self.checks}) > 1

    @property
    def untroubled(self) -> tuple[CheckView, ...]:
        return tuple(check for check in self.checks if not (check.check.enabled and check.needs_a_look))

    @property
    def is_watched(self) -> bool:
        return self.health is not None

    @property
    def lifecycle(self) -> str:
        """Whether the bot ships it; of one that is known from votes alone nobody says."""
        return "votes_only" if self.exchange.is_shipped and not self.components else self.exchange.lifecycle

    @property
    def built(self) -> list[Component]:
        """What there is code for, or was before the bot let go of the exchange."""
        statuses = {DeclaredStatus.AVAILABLE} if self.exchange.is_shipped else BUILT
        return [view.component for view in self.components if view.component.status in statuses]

    @property
    def kinds_built(self) -> set[str]:
        return {component.kind for component in self.built}

    @property
    def open_bounties(self) -> list[Bounty]:
        """Promised and not yet paid."""
        return [bounty for bounty in self.exchange.bounties.all() if bounty.state in COMMITTED]


def check_view(
    check: Check,
    past: Sequence[PastOutcome],
    now: datetime,
    *,
    in_full: bool,
    capture: KeptCapture | None = None,
) -> CheckView:
    """*past* is oldest first; conditions and evidence are read only *in_full*, since an index does not fetch them."""
    result = check.latest_result
    shown = result if in_full else None
    ladder = ladder_of(shown.evidence) if shown else None
    conditions = [
        ConditionView(
            name=condition["name"],
            title=heading(condition["name"]),
            limit=condition["limit"],
            seen=condition["seen"],
            outcome=condition["outcome"],
            mark=OUTCOME_MARKS[condition["outcome"]],
        )
        for condition in (shown.conditions if shown else ())
    ]
    # A check may have fifty: what is wrong is read first.
    conditions.sort(key=lambda view: -Outcome(view.outcome).severity)
    return CheckView(
        check=check,
        question=QUESTIONS.get(check.kind, Question(heading(check.kind), "")),
        mark=check_mark(check, now),
        health=check_health(check, now),
        result=result,
        cause_text=CAUSES.get(check.cause, heading(check.cause)),
        blame_text=BLAMES.get(result.blame, heading(result.blame)) if result else "",
        confidence_text=CONFIDENCES.get(result.confidence, "") if result else "",
        conditions=tuple(conditions),
        facts=tuple(facts(shown.evidence, leave_out=DRAWN if ladder else TOLD)) if shown else (),
        ladder=ladder,
        past=tuple(past),
        capture=capture,
    )


def component_view(component: Component, checks: Sequence[CheckView], now: datetime) -> ComponentView:
    watching = [view for view in checks if view.check.enabled]
    health, mark = _health_and_mark(watching, now)
    why_not_checked = ""
    if not checks:
        why_not_checked = NOT_CHECKED.get(component.status, "Not checked.")
    elif not watching:
        why_not_checked, mark = "Its checks are switched off here.", OFF
    return ComponentView(
        component=component,
        mark=mark if component.is_offered else ABSENT,
        health=health,
        why_not_checked=why_not_checked,
        checks=tuple(checks),
        strip=strip_of_rounds({view.question.title: view.past for view in watching}),
        checked_at=_latest(watching),
    )


def exchange_view(
    exchange: Exchange, standing: Standing, components: Sequence[ComponentView], now: datetime
) -> ExchangeView:
    checks = [view for component in components for view in component.checks]
    watching = [view for view in checks if view.check.enabled]
    health, mark = _health_and_mark(watching, now)
    if checks and not watching:
        mark = OFF
    elif not checks and not exchange.is_shipped:
        mark = ABSENT
    return ExchangeView(
        exchange=exchange,
        standing=standing,
        mark=mark,
        health=health,
        headline=exchange_headline(exchange.name, mark, checks),
        troubles=_troubles(watching),
        source=_source(checks),
        components=tuple(components),
        checked_at=_latest(watching),
    )


def _health_and_mark(watching: Sequence[CheckView], now: datetime) -> tuple[Health | None, Mark]:
    """What switched-on checks add up to; the mark says more than "unknown" where there is a plain reason."""
    if not watching:
        return None, UNWATCHED
    health = exchange_health([view.check for view in watching], now)
    speaking = [view for view in watching if not is_about_our_key(view.check.cause, view.check.blame)]
    worst = [view.mark for view in speaking if view.health is health]
    plain_reason = (MAINTENANCE, WAITING, STALE)
    return health, next((mark for mark in plain_reason if worst and set(worst) == {mark}), HEALTH_MARKS[health])


def _troubles(watching: Sequence[CheckView]) -> tuple[Trouble, ...]:
    """By reason, in the order of the checks."""
    by_reason: dict[tuple[Mark, str, str], list[CheckView]] = {}
    for view in watching:
        if view.needs_a_look:
            by_reason.setdefault((view.mark, view.cause_text, view.blame_text), []).append(view)
    return tuple(Trouble(*reason, tuple(views)) for reason, views in by_reason.items())


def _latest(views: Sequence[CheckView]) -> datetime | None:
    return max((view.check.checked_at for view in views if view.check.checked_at), default=None)


def _source(views: Sequence[CheckView]) -> str:
    """Where the latest results came from, "" where there are none; a check that did not run came from nowhere."""
    return one_or_mixed({view.past[-1].source for view in views if view.past} - {Source.NONE.value})


def one_or_mixed(sources: set[str]) -> str:
    return sources.pop() if len(sources) == 1 else MIXED if sources else ""
