"""What `manage.py epoch` may be told: one subcommand for each step of an epoch's way."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.choices import PollGroup, ProposalAction, Tier, Voting

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

DECISIONS = ("order", "include", "exclude", "stands")
NO_TIER = "none"


def add_arguments(parser: CommandParser) -> None:
    """Adds every subcommand; its name ends up in `act`."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="STEP")

    def act(name: str, text: str, *, writes: bool = True, number: str | None = None) -> CommandParser:
        one: CommandParser = acts.add_parser(name, help=text, description=text)
        one.add_argument("number", type=int, metavar="N", nargs=number, help="the epoch's number")
        one.add_argument("--json", action="store_true", dest="as_json", help="print JSON instead of words")
        if writes:
            one.add_argument("--as", dest="as_user", required=True, metavar="USER", help="the user who does it")
        return one

    create = act("create", "Create an epoch as a draft.")
    create.add_argument("--label", default="", help='as printed, such as "Q4 2025"')
    create.add_argument("--starts-on", type=day, metavar="DAY")
    create.add_argument("--ends-on", type=day, metavar="DAY")
    create.add_argument("--reason", required=True)

    _add_import(act("import", "Import the result of a closed poll. The same bytes again change nothing."))
    remove = act("remove-poll", "Take a poll out of an epoch that is not applied; its bytes are kept.")
    remove.add_argument("--poll", required=True, metavar="GROUP", help="cex, or cex#12 by the poll's id")
    remove.add_argument("--reason", required=True)

    _add_map(act("map", "Say what a choice stands for; without --choice, list what is open.", writes=False))
    _add_target(act("target", "Say whom a single proposal is about."))

    policy = act("policy", "Choose the rules of an epoch, in place of those in force for its number.")
    policy.add_argument("policy", help="such as hgp-45, or 'hgp-45 v1'")
    policy.add_argument("--reason", required=True)

    _add_plan(act("plan", "Work out what the epoch would change, and show it. It changes nothing."))
    show = act("show", "Show how far the epoch came, and its plan.", writes=False)
    show.add_argument("--plan", metavar="HASH", help="another than the latest; its first 8 characters will do")

    approve = act("approve", "Approve a plan, named by its hash.")
    approve.add_argument("--plan", required=True, metavar="HASH", help="its first 8 characters will do")
    approve.add_argument("--acknowledge", default="", metavar="TEXT", help="what you say to the plan's warnings")
    apply = act("apply", "Apply an approved plan: all of it or nothing. A second time changes nothing.")
    apply.add_argument("--plan", required=True, metavar="HASH", help="its first 8 characters will do")
    act("announce", "Publish what was applied; once.")
    rollback = act("rollback", "Plan to take the epoch back. Approve and apply that plan afterwards.")
    rollback.add_argument("--reason", required=True)

    what_if = act(
        "what-if", "Compare other rules over the same results with what happened. Writes nothing.", writes=False
    )
    what_if.add_argument("--policy", default="", help="such as hgp-70; without it, the epoch's own")
    what_if.add_argument("--min-votes", type=votes, metavar="HBOT", help="votes needed to stay")
    export = act("export", "Print the registry's state as canonical JSON.", writes=False, number="?")
    export.add_argument("--as-of", type=day, metavar="DAY", help="that day; else the day N took effect, else today")


def _add_import(parser: CommandParser) -> None:
    parser.add_argument("--group", required=True, type=PollGroup, choices=list(PollGroup), metavar="GROUP",
                        help=", ".join(PollGroup.values))  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--snapshot", type=Path, metavar="FILE", help="Snapshot's answer, as JSON")
    source.add_argument("--fetch", metavar="ID", help="fetch it from Snapshot, by vote id or link")
    source.add_argument("--csv", type=Path, metavar="FILE")
    source.add_argument("--markdown", type=Path, metavar="FILE")
    table = parser.add_argument_group("what a CSV or Markdown table does not say itself")
    table.add_argument("--closed-on", type=day, metavar="DAY", help="required for a table")
    table.add_argument("--opened-on", type=day, metavar="DAY")
    table.add_argument("--title", default="")
    table.add_argument("--url", default="", help="the proposal's link, as printed")
    table.add_argument("--voting", type=Voting, choices=list(Voting), metavar="KIND", help=", ".join(Voting.values))
    table.add_argument("--total", default="", help="as printed, such as '22 million HBOT'")
    table.add_argument("--voters", type=int)
    parser.add_argument(
        "--replace", action="store_true", help="the new bytes hold, where others are there; give --reason"
    )
    parser.add_argument("--reason", default="")


def _add_map(parser: CommandParser) -> None:
    parser.add_argument("--as", dest="as_user", metavar="USER", help="the user who does it")
    parser.add_argument(
        "--choice", metavar="GROUP:INDEX", help="such as cex:3; cex#12:3 where a group has several polls"
    )
    meaning = parser.add_mutually_exclusive_group()
    meaning.add_argument("--subject", metavar="SLUG", help="it stands for this one")
    meaning.add_argument("--ignore", action="store_true", help="leave it out; give --reason")
    meaning.add_argument("--new", metavar="NAME", help="it stands for a chain or strategy that is not known yet")
    meaning.add_argument("--undo", action="store_true", help="it stands for nothing yet")
    parser.add_argument("--reason", default="")


def _add_target(parser: CommandParser) -> None:
    parser.add_argument("--poll", required=True, metavar="GROUP", help="proposal, or proposal#12 by the poll's id")
    parser.add_argument("--subject", required=True, metavar="SLUG", help="the exchange")
    parser.add_argument("--action", required=True, type=ProposalAction, choices=list(ProposalAction), metavar="WHAT",
                        help=", ".join(ProposalAction.values))  # fmt: skip
    parser.add_argument("--amount", type=votes, metavar="HBOT")
    parser.add_argument("--reason", default="")


def _add_plan(parser: CommandParser) -> None:
    parser.add_argument("--effective-from", type=day, metavar="DAY", help="may lie ahead")
    parser.add_argument("--policy", help="other rules than those the epoch goes by; give --policy-reason")
    parser.add_argument("--policy-reason", default="")
    parser.add_argument("--decide", action="append", nargs=4, metavar=("GROUP", "KIND", "CHOICES", "REASON"),
                        help=f"settle an open question: KIND is one of {', '.join(DECISIONS)}; CHOICES such as 3,4, "
                        "best first. Replaces all decisions of before.")  # fmt: skip
    parser.add_argument("--override", action="append", nargs=4, metavar=("EXCHANGE", "TIER", "UNTIL", "REASON"),
                        help=f"a tier beside the polls: {', '.join(Tier.values)} or {NO_TIER}, until a day. "
                        "Replaces all overrides of before.")  # fmt: skip
    parser.add_argument("--no-decisions", action="store_true", help="drop all decisions of before")
    parser.add_argument("--no-overrides", action="store_true", help="drop all overrides of before")
    parser.add_argument("--reason", default="", help="a remark on this plan")


def day(text: str) -> date:
    """An ISO day, as argparse likes to have it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day: write it as 2026-11-21") from None


def votes(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ArgumentTypeError(f"{text!r} is no number of HBOT: write it as 200000")
    return value


def decisions(options: dict[str, Any]) -> list[dict[str, Any]] | None:
    """As the services take them; None leaves those of before. Raises ValueError that names the argument."""
    if options["no_decisions"]:
        return []
    if options["decide"] is None:
        return None
    return [_decision(*said) for said in options["decide"]]


def _decision(group: str, kind: str, choices: str, reason: str) -> dict[str, Any]:
    if group not in PollGroup.values or kind not in DECISIONS:
        raise ValueError(
            f"--decide {group} {kind}: name a poll ({', '.join(PollGroup.values)}) and {'/'.join(DECISIONS)}"
        )
    try:
        indexes = [int(index) for index in choices.split(",")]
    except ValueError:
        raise ValueError(f"--decide: {choices!r} are no choices; write their numbers, such as 3,4") from None
    return {"group": group, "kind": kind, "choices": indexes, "reason": reason}


def overrides(options: dict[str, Any]) -> list[dict[str, str]] | None:
    """As the services take them; None leaves those of before. Raises ValueError that names the argument."""
    if options["no_overrides"]:
        return []
    if options["override"] is None:
        return None
    return [_override(*said) for said in options["override"]]


def _override(exchange: str, tier: str, until: str, reason: str) -> dict[str, str]:
    if tier not in (*Tier.values, NO_TIER):
        raise ValueError(f"--override {exchange}: {tier!r} is no tier; write {', '.join(Tier.values)} or {NO_TIER}")
    try:
        expires_on = day(until).isoformat()
    except ArgumentTypeError as error:
        raise ValueError(f"--override {exchange}: {error}") from error
    return {"exchange": exchange, "tier": "" if tier == NO_TIER else tier, "reason": reason, "expires_on": expires_on}
