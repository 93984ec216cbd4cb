"""Holds what the registry declares of components against what their checks see, and what this build could do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.urls import reverse

from connectors.base import Perpetual
from connectors.catalog import CONNECTORS
from monitoring.checks.outcomes import Blame, Cause
from monitoring.checks.runner import kinds_of
from monitoring.choices import Health
from monitoring.health import check_health, is_about_our_key
from monitoring.marks import check_mark
from monitoring.models import Check
from monitoring.services.schedule import KINDS
from monitoring.wording import BLAMES, CAUSES, QUESTIONS, heading, listed
from registry.choices import ComponentKind, DeclaredStatus, Lifecycle
from registry.drift.findings import Aside, Comparison, Finding, Kind, counted
from registry.models import Component

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from connectors.base import Connector

NOT_THERE = frozenset({DeclaredStatus.NOT_BUILT, DeclaredStatus.NOT_AVAILABLE, DeclaredStatus.NOT_APPLICABLE})
PERPETUAL = frozenset({ComponentKind.PERP_CONNECTOR.value, ComponentKind.PERP_CANDLES.value})


def observed_drift(checks: Iterable[Check], now: datetime) -> Comparison:
    """Every component's declared status against what its planned *checks* say at *now*. One query: the components."""
    by_component: dict[int, list[Check]] = defaultdict(list)
    for check in checks:
        by_component[check.component_id].append(check)
    components = list(
        Component.objects.select_related("exchange__renamed_to").order_by("exchange__name", "position", "pk")
    )
    connectors = _connectors_by_exchange(components)
    seen = [_Seen(one, tuple(by_component[one.pk]), connectors.get(one.exchange_id, ()), now) for one in components]
    findings = tuple(finding for one in seen for finding in one.findings())
    available = [one for one in seen if one.component.is_offered]
    silent = [f"{one.component}: {one.silence}" for one in available if one.is_silent]
    remedy = "Nothing, where a check waits for its turn; else the exchange’s page says why it could not find out."
    exchanges = len({one.exchange_id for one in components})
    watched = sum(1 for one in available if one.watching)
    return Comparison(
        key="observed",
        title="Declared and observed",
        compared=(
            f"{counted(len(seen), 'component')} of {counted(exchanges, 'exchange')}: "
            f"{len(available)} declared available, and {watched} of those checked live."
        ),
        other_side="What is seen",
        findings=findings,
        agreed=(works := sum(1 for one in available if one.works)),
        agreement=f"{works} of them {'works' if works == 1 else 'work'}." if works else "None of them is seen working.",
        asides=(Aside("Checked, and not known right now", tuple(silent), remedy),) if silent else (),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """One component, its planned checks, and the connectors of this build to its exchange."""

    component: Component
    checks: tuple[Check, ...]
    connectors: tuple[type[Connector], ...]
    now: datetime

    @property
    def watching(self) -> list[Check]:
        return [check for check in self.checks if check.enabled]

    @property
    def failing(self) -> list[Check]:
        """By the exchange's or the connector's fault. An exchange that announces maintenance contradicts nothing."""
        return [
            check
            for check in self.watching
            if self._health(check) is Health.FAILED and check.cause != Cause.EXCHANGE_MAINTENANCE
        ]

    @property
    def is_silent(self) -> bool:
        return bool(self.watching) and not self.failing and not self.works

    @property
    def works(self) -> bool:
        heard = {self._health(check) for check in self.watching}
        return not self.failing and bool(heard & {Health.OK, Health.DEGRADED})

    @property
    def silence(self) -> str:
        return listed(sorted({check_mark(check, self.now).word.lower() for check in self.watching}))

    def findings(self) -> Iterator[Finding]:
        component, exchange = self.component, self.component.exchange
        if component.is_offered and exchange.lifecycle != Lifecycle.ACTIVE:
            yield self._removed()
        elif component.is_offered and not self.watching:
            yield self._unwatched()
        elif component.is_offered:
            yield from map(self._failing, self.failing)
        elif component.status in NOT_THERE and exchange.lifecycle == Lifecycle.ACTIVE:
            yield from filter(None, [self._works_undeclared()])

    def _health(self, check: Check) -> Health:
        ours = is_about_our_key(check.cause, check.blame)
        return Health.UNKNOWN if ours else check_health(check, self.now)

    def _removed(self) -> Finding:
        exchange = self.component.exchange
        if exchange.lifecycle == Lifecycle.PROPOSED:
            said, status = "was never in a release", "not built"
        else:
            since = f" in {exchange.removed_in}" if exchange.removed_in else ""
            after = f", it goes on as {exchange.renamed_to}" if exchange.renamed_to_id else ""
            said, status = f"is {exchange.get_lifecycle_display().lower()}{since}{after}", "removed"
        return self._finding(
            Kind.REMOVED_BUT_AVAILABLE,
            other=f"The exchange {said}",
            remedy=f"Set the component to {status}, or the exchange to active.",
        )

    def _failing(self, check: Check) -> Finding:
        question = QUESTIONS.get(check.kind)
        title = question.title if question else heading(check.kind)
        cause = CAUSES.get(check.cause) or heading(check.cause)
        is_connector = check.blame == Blame.CONNECTOR
        return self._finding(
            Kind.FAILING,
            about=f"{self.component.get_kind_display()}, {title}",
            other=f"Failed: {cause}. At fault: {BLAMES[check.blame].lower()}",
            since=check.outcome_since,
            since_what="failing",
            anchor=f"check-{check.component_id}-{check.kind.replace('_', '-')}",
            remedy=(
                "Mend the connector; where it goes on failing, a bounty is drafted from the evidence."
                if is_connector
                else "Wait for the exchange; if it gave the service up, declare it not available."
            ),
        )

    def _works_undeclared(self) -> Finding | None:
        able = next((one for one in map(self._able, self.connectors) if one), None)
        if able is None:
            return None
        connector_id, kinds = able
        if self.component.status == DeclaredStatus.NOT_BUILT:
            remedy = (
                f"If the bot has it by now, declare it available as {connector_id}; else its bounty draft asks for it."
            )
        else:
            remedy = "The exchange has it: declare it not built, or available if the bot has it too."
        answers = listed([QUESTIONS[kind].title for kind in kinds])
        other = f"The connector {connector_id} of this build can do it: {answers}"
        return self._finding(Kind.WORKS_UNDECLARED, other=other, remedy=remedy)

    def _able(self, connector: type[Connector]) -> tuple[str, list[str]] | None:
        """The connector's id, and which checks of this kind of component it could answer; None where it cannot."""
        is_perpetual, possible = _abilities(connector.id)
        wanted = KINDS.get(self.component.kind, ())
        kinds = [kind for kind in wanted if kind in possible]
        fits = bool(kinds) and is_perpetual == (self.component.kind in PERPETUAL)
        return (connector.id, [kind.value for kind in kinds]) if fits else None

    def _unwatched(self) -> Finding:
        component = self.component
        if self.checks:
            why, remedy = "Its checks are switched off here", "Switch them on in the admin."
        elif component.connector_id in CONNECTORS and component.kind in KINDS:
            why, remedy = "Its checks are not planned yet", "Run manage.py plan_checks; a worker does so every minute."
        else:
            why = "This build has no connector for it"
            remedy = "Nothing is wrong with it: it was never tried from here."
        return self._finding(Kind.UNWATCHED, other=why, remedy=remedy)

    def _finding(
        self, kind: Kind, *, other: str, remedy: str, about: str = "", anchor: str = "", **more: object
    ) -> Finding:
        component, exchange = self.component, self.component.exchange
        page = reverse("monitoring:exchange-detail", args=[exchange.slug])
        return Finding(
            kind=kind,
            exchange=exchange.slug,
            name=exchange.name,
            about=about or str(component.get_kind_display()),
            registry=str(component.get_status_display()),
            other=other,
            link=f"{page}#{anchor or component.kind.replace('_', '-')}",
            remedy=remedy,
            **more,  # type: ignore[arg-type]  # since and since_what, of the checks alone
        )


@cache
def _abilities(connector_id: str) -> tuple[bool, frozenset[str]]:
    """Whether it trades perpetual futures, and the kinds of check that it can answer."""
    made = CONNECTORS[connector_id]()
    return isinstance(made, Perpetual), frozenset(kind.value for kind in kinds_of(made))


def _connectors_by_exchange(components: Sequence[Component]) -> Mapping[int, tuple[type[Connector], ...]]:
    """This build's connectors by the exchange whose components name them; a feed may name its connector's id again."""
    found: dict[int, dict[str, type[Connector]]] = defaultdict(dict)
    for component in components:
        if component.connector_id in CONNECTORS:
            found[component.exchange_id][component.connector_id] = CONNECTORS[component.connector_id]
    return {exchange_id: tuple(by_id.values()) for exchange_id, by_id in found.items()}
