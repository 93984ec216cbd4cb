"""manage.py epoch: takes an epoch along its way from a terminal, by the same services as the admin pages and the API.

Exit codes: 0 done; 1 refused; 2 wrong usage; 3 the user may not; 4 a person has to decide first (a poll that is there
with another result, choices or questions that are open, a plan that is out of date).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from registry.choices import ChoiceMapping, PollGroup, SubjectKind
from registry.errors import RegistryError
from registry.governance.policy import parse_policy, with_changes
from registry.importers.csv_table import read_csv
from registry.importers.imported import ImportedPoll
from registry.importers.markdown_table import read_markdown
from registry.importers.snapshot import fetch_snapshot, read_snapshot
from registry.management.epoch_arguments import add_arguments, decisions, overrides
from registry.management.plan_text import difference_lines, plan_lines
from registry.models import Choice, Epoch, Plan, Poll, Subject
from registry.services import epochs as services
from registry.services.epochs.actors import Actor, actor_for
from registry.services.epochs.create import policy_named
from registry.services.epochs.errors import NoSuchEpoch, NotAllowed, OpenQuestions, PollConflict, StalePlan, Unmapped

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

REFUSED = 1
MAY_NOT = 3
PERSON_DECIDES = 4
SHORTEST_HASH = 8


class Command(BaseCommand):
    help = "Take an epoch along its way from poll result to published tiers, and back; show it, and try other rules."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        try:
            step = getattr(self, f"_{act.replace('-', '_')}")
            said, document = step(options)
        except RegistryError as refusal:
            self._refuse(refusal, options)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        else:
            self.stdout.write(
                json.dumps(document, indent=2, ensure_ascii=False) if options["as_json"] else "\n".join(said)
            )

    def _refuse(self, refusal: RegistryError, options: dict[str, Any]) -> None:
        lines = [line for line in str(refusal).splitlines() if line.strip()]
        code = REFUSED
        if isinstance(refusal, NotAllowed):
            code = MAY_NOT
        elif isinstance(refusal, PollConflict | StalePlan | OpenQuestions | Unmapped):
            code = PERSON_DECIDES
        if options["as_json"]:
            self.stdout.write(json.dumps({"refused": {"kind": type(refusal).__name__, "lines": lines}}, indent=2))
        raise CommandError("\n".join(lines), returncode=code) from refusal

    # Each step gives the lines to print and the same as JSON.

    def _create(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        given = {name: options[name] for name in ("label", "starts_on", "ends_on", "reason")}
        epoch = services.create_epoch(options["number"], actor=_actor(options), **given)
        return [f"{epoch} is a draft, under {epoch.policy or 'no policy: choose one'}"], _facts(epoch)

    def _import(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        actor = _actor(options)  # before anything is fetched
        imported = _read(options)
        report = services.import_poll(
            options["number"], imported, actor=actor, reason=options["reason"], replace=options["replace"]
        )
        said = [*([f"imported {report.poll}"] if report.is_new else []), *report.sentences]
        facts = {"poll": report.poll.pk, "group": report.poll.group, "sha256": imported.sha256}
        return said, {**facts, "is_new": report.is_new, "sentences": list(report.sentences)}

    def _remove_poll(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        poll = _poll(options["number"], options["poll"])
        epoch = services.remove_poll(poll.pk, actor=_actor(options), reason=options["reason"])
        return [f"took out {poll}; its bytes are kept"], _facts(epoch)

    def _map(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        if options["choice"] is None:
            return _open_choices(_epoch(options["number"]))
        choice = _choice(options["number"], options["choice"])
        if not options["as_user"]:
            raise ValueError("--as: name the user who maps it")
        given: dict[str, Any] = {"reason": options["reason"]}
        if options["subject"]:
            given["subject"] = _subject(PollGroup(choice.poll.group).subject_kind, options["subject"])
        elif options["new"]:
            given["new"] = (slugify(options["new"]), options["new"])
        elif options["ignore"]:
            given["ignore"] = True
        elif not options["undo"]:
            raise ValueError("say what it stands for: --subject, --new, --ignore or --undo")
        mapped = services.map_choice(choice.pk, actor=_actor(options), **given)
        means = str(mapped.subject) if mapped.subject else str(mapped.get_mapping_display()).lower()
        return [f"{mapped.name}: {means}"], _choice_facts(mapped)

    def _target(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        poll = _poll(options["number"], options["poll"])
        subject = _subject(SubjectKind.EXCHANGE, options["subject"])
        given = {name: options[name] for name in ("action", "amount", "reason")}
        services.set_target(poll.pk, actor=_actor(options), subject=subject, **given)
        return [f"{poll} is about {subject}"], {"poll": poll.pk, "subject": subject.slug, "action": options["action"]}

    def _policy(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        epoch = services.choose_policy(
            options["number"], options["policy"], actor=_actor(options), reason=options["reason"]
        )
        return [f"{epoch} goes by {epoch.policy}"], _facts(epoch)

    def _plan(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        given: dict[str, Any] = {
            name: options[name] for name in ("reason", "effective_from", "policy", "policy_reason")
        }
        given |= {"decisions": decisions(options), "overrides": overrides(options)}
        return _plan_said(services.plan_epoch(options["number"], actor=_actor(options), **given))

    def _show(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        epoch = _epoch(options["number"])
        plan = _plan_named(epoch, options["plan"]) if options["plan"] else epoch.current_plan
        lines, document = _plan_said(plan) if plan else (["no plan yet"], None)
        steps = ", ".join(step.text for step in services.next_steps(epoch)) or "nothing"
        polls = [f"  {poll.get_group_display()}: {poll.title or 'no title'}" for poll in epoch.polls.all()]
        head = [f"{epoch}: {epoch.get_state_display()}; next: {steps}", "polls:", *(polls or ["  none"]), ""]
        return head + lines, {**_facts(epoch), "plan": document}

    def _approve(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        plan = _plan_named(_epoch(options["number"]), options["plan"])
        plan = services.approve_plan(plan.hash, actor=_actor(options), acknowledgement=options["acknowledge"])
        return [f"approved plan {plan.hash[:12]}; nothing has changed yet"], {"hash": plan.hash, "approved": True}

    def _apply(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        plan = _plan_named(_epoch(options["number"]), options["plan"])
        changeset = services.apply_plan(plan.hash, actor=_actor(options))
        facts = {"serial": changeset.serial, "kind": changeset.kind, "plan": plan.hash}
        day = changeset.effective_from.isoformat()
        return [f"changeset {changeset.serial} ({changeset.kind}), from {day}"], {**facts, "effective_from": day}

    def _announce(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        messages = services.announce_epoch(options["number"], actor=_actor(options))
        said = [f"published: {message.title}" for message in messages] or ["nothing was left to announce"]
        return said, [{"key": message.key, "title": message.title, "body": message.body} for message in messages]

    def _rollback(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        return _plan_said(services.plan_rollback(options["number"], actor=_actor(options), reason=options["reason"]))

    def _what_if(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        epoch = _epoch(options["number"])
        row = policy_named(options["policy"]) if options["policy"] else epoch.policy
        if row is None:
            raise ValueError(f"--policy: {epoch} has no policy yet; name one")
        policy = parse_policy(row.document)
        if options["min_votes"] is not None:
            policy = with_changes(policy, min_votes=options["min_votes"])
        difference = services.what_if(options["number"], policy=policy)
        head = [f"{policy.title}, against {difference['against']}; {difference['same']} would come out alike"]
        return head + difference_lines(difference), difference

    def _export(self, options: dict[str, Any]) -> tuple[list[str], Any]:
        as_of: date | None = options["as_of"]
        if as_of is None and options["number"] is not None:
            epoch = _epoch(options["number"])
            changeset = epoch.standing_changeset
            if changeset is None:
                raise ValueError(f"{epoch} is not applied: name a day with --as-of")
            as_of = changeset.effective_from
        state = services.export_state(as_of=as_of).decode()
        return [state], json.loads(state)


def _actor(options: dict[str, Any]) -> Actor:
    users = get_user_model()._default_manager
    user = users.filter(**{get_user_model().USERNAME_FIELD: options["as_user"]}).first()
    if user is None:
        raise ValueError(f"--as: there is no user {options['as_user']}; make one with manage.py createsuperuser")
    return actor_for(user)


def _epoch(number: int) -> Epoch:
    epoch = Epoch.objects.select_related("policy").filter(number=number).first()
    if epoch is None:
        raise NoSuchEpoch(number)
    return epoch


def _poll(number: int, name: str) -> Poll:
    """From "cex" the epoch's poll of that group, from "proposal#12" that of this id."""
    group, _, pk = name.partition("#")
    polls = _epoch(number).polls.filter(group=group)
    found = list(polls.filter(pk=int(pk)) if pk.isdecimal() else polls)
    if len(found) != 1:
        known = ", ".join(f"{poll.group}#{poll.pk}" for poll in _epoch(number).polls.all())
        raise ValueError(
            f"{name!r} is {'several polls' if found else 'no poll'} of epoch {number}: {known or 'it has none'}"
        )
    return found[0]


def _choice(number: int, name: str) -> Choice:
    poll, _, index = name.rpartition(":")
    if not index.isdecimal():
        raise ValueError(f"--choice: {name!r} names no choice; write the poll and its number, such as cex:3")
    choice = _poll(number, poll).choices.select_related("poll__epoch", "subject").filter(index=int(index)).first()
    if choice is None:
        raise ValueError(f"--choice: {name!r}: the poll has no choice {index}")
    return choice


def _subject(kind: SubjectKind, slug: str) -> Subject:
    subject = Subject.objects.filter(kind=kind, slug=slug).first()
    if subject is None:
        raise ValueError(
            f"--subject: there is no {kind.label.lower()} {slug!r} that polls vote on; add it in the admin"
        )
    return subject


def _plan_named(epoch: Epoch, start: str) -> Plan:
    """The epoch's plan whose hash begins so."""
    if len(start) < SHORTEST_HASH:
        raise ValueError(f"--plan: give at least {SHORTEST_HASH} characters of the hash")
    found = list(epoch.plans.filter(hash__startswith=start))  # the latest first; plans that are alike share a hash
    if len({plan.hash for plan in found}) != 1:
        raise ValueError(f"--plan: {'several plans' if found else 'no plan'} of {epoch} begin with {start}")
    return found[0]


def _open_choices(epoch: Epoch) -> tuple[list[str], Any]:
    """What is not mapped, each with the subjects it may stand for."""
    lines, document = [], []
    unmapped = Choice.objects.filter(poll__epoch=epoch, mapping=ChoiceMapping.UNMAPPED)
    for choice in unmapped.exclude(poll__group=PollGroup.PROPOSAL).select_related("poll__epoch", "subject"):
        slugs = [subject.slug for subject in services.suggestions(choice)]
        lines.append(f"{choice.poll.group}:{choice.index} {choice.name}; perhaps {', '.join(slugs) or 'nobody known'}")
        document.append({**_choice_facts(choice), "suggestions": slugs})
    return lines or ["every choice is decided"], document


def _choice_facts(choice: Choice) -> dict[str, Any]:
    return {
        "poll": choice.poll_id,
        "group": choice.poll.group,
        "index": choice.index,
        "name": choice.name,
        "mapping": choice.mapping,
        "subject": choice.subject.slug if choice.subject else None,
    }


def _facts(epoch: Epoch) -> dict[str, Any]:
    return {"epoch": epoch.number, "state": epoch.state, "policy": str(epoch.policy) if epoch.policy else None}


def _plan_said(plan: Plan) -> tuple[list[str], Any]:
    approved = f", approved by {plan.approved_by}" if plan.approved_at else ""
    head = f"plan {plan.hash}, by {plan.planned_by}{approved}"
    return [head, *plan_lines(plan.document)], {"hash": plan.hash, "document": plan.document}


def _read(options: dict[str, Any]) -> ImportedPoll:
    """The poll from whichever source is named."""
    group = options["group"]
    if options["fetch"]:
        return fetch_snapshot(options["fetch"], group=group)
    if options["snapshot"]:
        return read_snapshot(options["snapshot"].read_bytes(), group=group, origin=options["snapshot"].name)
    path: Path = options["csv"] or options["markdown"]
    if options["closed_on"] is None:
        raise ValueError("--closed-on: a table does not say when voting ended; give the day")
    opened = options["opened_on"]
    facts = {name: options[name] for name in ("title", "url", "voting", "total", "voters")}
    facts["closed_at"] = datetime.combine(options["closed_on"], time(23, 59, 59), UTC)
    facts["opened_at"] = datetime.combine(opened, time.min, UTC) if opened else None
    read = read_csv if options["csv"] else read_markdown
    return read(path.read_bytes(), group=group, origin=path.name, **facts)
