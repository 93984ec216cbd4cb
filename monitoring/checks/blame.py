"""Puts the rules of blame to use: finding by finding, each under its circumstances, and the worst decides, as ever."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitoring.checks.blame_rules import RULES
from monitoring.checks.circumstances import Circumstances, Finding
from monitoring.checks.outcomes import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitoring.checks.blame_rules import Rule
    from monitoring.checks.outcomes import Condition, Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as a reader of the table sees it; a dash stands for what the check itself found."""

    name: str
    when: str
    outcome: str
    cause: str
    blame: str
    confidence: str


def table() -> tuple[Row, ...]:
    """The rules in their order, for a page to print."""
    return tuple(
        Row(rule.name, rule.when, *(value or "–" for value in (rule.outcome, rule.cause, rule.blame, rule.confidence)))
        for rule in RULES
    )


def rule_for(finding: Finding, known: Circumstances) -> Rule:
    """The first rule that fits; the last one fits anything."""
    return next(rule for rule in RULES if rule.fits(finding, known))


def attribute(kind: Kind, verdict: Verdict, known: Mapping[Condition, Circumstances]) -> Verdict:
    """*verdict* as the rules have it, finding by finding, each under its circumstances; the worst decides, as ever."""
    if verdict.outcome is Outcome.OK:
        return replace(verdict, reasons=("Every condition is met.",))
    rules = {
        condition: rule_for(Finding(kind, condition), known.get(condition, Circumstances()))
        for condition in verdict.conditions
        if condition.outcome is not Outcome.OK
    }
    ruled = tuple(
        rules[condition].apply(condition) if condition in rules else condition for condition in verdict.conditions
    )
    before, after = _decisive(verdict.conditions), _decisive(ruled)
    decided = verdict.conditions[after]
    circumstances = known.get(decided, Circumstances())
    summary = verdict.summary if before == after else Verdict.of([ruled[after]], when_ok="").summary
    if headline := rules[decided].headline:
        summary = f"{headline} ({summary})"
    return Verdict(
        ruled[after].outcome,
        ruled[after].cause,
        ruled[after].blame,
        summary,
        ruled,
        ruled[after].confidence,
        _reasons(rules[decided], circumstances),
    )


def _decisive(conditions: Sequence[Condition]) -> int:
    """Where the worst condition stands: the first of several equally bad ones."""
    return max(range(len(conditions)), key=lambda index: (conditions[index].outcome.severity, -index))


def _reasons(rule: Rule, known: Circumstances) -> tuple[str, ...]:
    """The rule's own sentence, and what the venue says of itself where that speaks neither for nor against it."""
    reasons = [rule.reason.format(**known.facts())]
    if known.venue_mode is not None and "{said}" not in rule.reason:
        reasons.append("The venue's own status feed says “{said}”.".format(**known.facts()))
    return tuple(reasons)
