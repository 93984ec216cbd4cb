"""The forms of the epoch pages: what a person has to say at each step, checked for shape; services check the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.text import slugify

from registry.choices import ChoiceMapping, PollGroup, ProposalAction, SubjectKind, Tier, Voting
from registry.governance.outcome import QuestionKind
from registry.models import Choice, Exchange, Policy, Subject

REASON = {"rows": 2, "cols": 80}
UNDECIDED = ""
IGNORE = "ignore"
NEW = "new"
UNMAP = "unmap"
MOST_OVERRIDES = 20
EMPTY_OVERRIDES = 2  # rows offered beyond those already there


class DayField(forms.DateField):
    """A day, picked or typed as 2026-11-21."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ReasonField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=1000, widget=forms.Textarea(attrs=REASON), **{"label": "Why"} | kwargs)


class CreateForm(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=32_767, label="Number", help_text="Such as 14.")
    label = forms.CharField(max_length=60, required=False, label="Label", help_text="As printed, such as Q4 2025.")
    starts_on = DayField(required=False, label="First day")
    ends_on = DayField(required=False, label="Last day")
    reason = ReasonField()


class GroupForm(forms.Form):
    """What every way of importing asks: which of the epoch's polls it is."""

    group = forms.ChoiceField(choices=PollGroup.choices, label="Poll")


class SnapshotFileForm(GroupForm):
    file = forms.FileField(
        label="Snapshot’s answer", help_text="The JSON that Snapshot’s GraphQL gave for the proposal."
    )


class FetchForm(GroupForm):
    vote = forms.CharField(
        max_length=500, label="Vote", help_text="The link as printed, or its id: 0x and 64 hex digits."
    )


class TableForm(GroupForm):
    """Of a table, which says nothing about its poll, somebody has to say the rest."""

    closed_on = DayField(label="Voting ended on", help_text="A day in UTC; a poll that is still open is refused.")
    opened_on = DayField(required=False, label="Voting began on")
    title = forms.CharField(max_length=300, required=False, label="Title")
    url = forms.CharField(max_length=500, required=False, label="Link", help_text="To the proposal, as printed.")
    voting = forms.ChoiceField(
        choices=[("", "Not known"), *Voting.choices], required=False, label="How votes were cast"
    )
    total = forms.CharField(max_length=40, required=False, label="Total", help_text="As printed: 22 million HBOT.")
    voters = forms.IntegerField(min_value=0, max_value=2_147_483_647, required=False, label="Voters")

    def facts(self) -> dict[str, Any]:
        """What was said beside the table, as the importers take it."""
        said = self.cleaned_data
        return {
            "closed_at": _end_of(said["closed_on"]),
            "opened_at": datetime.combine(said["opened_on"], time.min, UTC) if said["opened_on"] else None,
            "title": said["title"],
            "url": said["url"],
            "voting": Voting(said["voting"]) if said["voting"] else None,
            "total": said["total"],
            "voters": said["voters"],
        }


class CsvForm(TableForm):
    file = forms.FileField(label="CSV table", help_text="With a heading line that names the columns.")


class MarkdownForm(TableForm):
    table = forms.CharField(label="Markdown table", widget=forms.Textarea(attrs={"rows": 10, "cols": 80}), strip=False)


IMPORT_FORMS: dict[str, tuple[str, type[GroupForm]]] = {
    "file": ("From a file with Snapshot’s answer", SnapshotFileForm),
    "fetch": ("Fetched from Snapshot", FetchForm),
    "csv": ("From a CSV table", CsvForm),
    "markdown": ("From a pasted Markdown table", MarkdownForm),
}


class ConflictForm(forms.Form):
    """The bytes that are to replace others, carried along under a seal, and the reason why."""

    group = forms.ChoiceField(choices=PollGroup.choices, widget=forms.HiddenInput)
    source = forms.ChoiceField(choices=[(name, name) for name in IMPORT_FORMS], widget=forms.HiddenInput)
    packed = forms.CharField(widget=forms.HiddenInput)
    origin = forms.CharField(widget=forms.HiddenInput)
    seal = forms.CharField(widget=forms.HiddenInput)
    facts = forms.CharField(widget=forms.HiddenInput)  # JSON
    reason = ReasonField(label="Why the new bytes hold", help_text="Such as: the first file was cut off.")


class RemoveForm(forms.Form):
    reason = ReasonField(label="Why it is taken out")


class MappingForm(forms.Form):
    """One choice of a poll: which subject it is, that it is left out, or that it is somebody new."""

    meaning = forms.ChoiceField(label="Means", required=False)
    note = forms.CharField(
        max_length=200,
        required=False,
        label="Reason, or the new one’s name",
        widget=forms.TextInput(attrs={"size": 30}),
    )

    def __init__(
        self, sent: Any = None, *, choice: Choice, suggested: Sequence[Subject], subjects: Iterable[Subject]
    ) -> None:
        super().__init__(sent, prefix=f"choice-{choice.pk}")
        self.choice = choice
        self.kind = SubjectKind(PollGroup(choice.poll.group).subject_kind)
        by_id = {subject.pk: subject for subject in subjects}
        likely = [(str(subject.pk), subject.name) for subject in suggested]
        others = [(str(pk), subject.name) for pk, subject in by_id.items() if str(pk) not in dict(likely)]
        meaning = cast(forms.ChoiceField, self.fields["meaning"])
        meaning.choices = [
            (UNDECIDED, "Leave as it is"),
            *([("Suggested", likely)] if likely else []),
            ("Something else", self._others()),
            (f"Every {self.kind.label.lower()}", others),
        ]
        for name, words in (
            ("meaning", f"What {choice.name} means"),
            ("note", f"Reason or new name for {choice.name}"),
        ):
            self.fields[name].widget.attrs["aria-label"] = words
        self.subjects = by_id | {subject.pk: subject for subject in suggested}

    def _others(self) -> list[tuple[str, str]]:
        """A new exchange is more than a name: it is added in the registry, and then stands in the list here."""
        new = [] if self.kind == SubjectKind.EXCHANGE else [(NEW, f"A new {self.kind.label.lower()}, named beside")]
        undo = [(UNMAP, "Nothing yet: map it anew")] if self.choice.mapping != ChoiceMapping.UNMAPPED else []
        return [(IGNORE, "Leave it out, for the reason beside"), *new, *undo]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("meaning") == IGNORE and not said.get("note"):
            self.add_error("note", f"say why {self.choice.name} is left out")
        return said

    @property
    def is_decided(self) -> bool:
        return bool(self.cleaned_data.get("meaning"))

    def mapping(self) -> dict[str, Any]:
        """What was chosen, as the service takes it."""
        meaning, note = self.cleaned_data["meaning"], self.cleaned_data["note"]
        if meaning == IGNORE:
            return {"ignore": True, "reason": note}
        if meaning == NEW:
            name = note or self.choice.name
            return {"new": (slugify(name), name)}
        return {"reason": note} if meaning == UNMAP else {"subject": self.subjects[int(meaning)], "reason": note}


class TargetForm(forms.Form):
    """Whom a single proposal is about, and what it asks for."""

    subject = forms.ModelChoiceField(Subject.objects.none(), label="About")
    action = forms.ChoiceField(choices=ProposalAction.choices, label="Asks to")
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=20,
        decimal_places=2,
        label="Amount",
        help_text="In HBOT, where it funds work.",
    )
    reason = ReasonField(required=False, label="Remark")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "subject", Subject.objects.filter(kind=SubjectKind.EXCHANGE))


class PlanForm(forms.Form):
    effective_from = DayField(required=False, label="Takes effect on", help_text="May lie ahead. Empty: today.")
    policy = forms.ModelChoiceField(
        Policy.objects.none(),
        required=False,
        label="Policy",
        empty_label="As it is",
        help_text="Another one than the epoch goes by needs a reason.",
    )
    policy_reason = ReasonField(required=False, label="Why another policy")
    reason = ReasonField(required=False, label="Remark on this plan")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "policy", Policy.objects.defer("document"))


class OverrideForm(forms.Form):
    """A tier beside what the polls say, for a time and for a reason."""

    exchange = forms.ModelChoiceField(
        Exchange.objects.none(), required=False, to_field_name="slug", empty_label="None", label="Exchange"
    )
    tier = forms.ChoiceField(choices=[("", "No tier"), *Tier.choices], required=False, label="Tier")
    expires_on = DayField(required=False, label="First day without it")
    reason = forms.CharField(max_length=500, required=False, label="Why", widget=forms.TextInput(attrs={"size": 50}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "exchange", Exchange.objects.all())

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("exchange"):
            for name, demand in (("reason", "an override needs a reason"), ("expires_on", "an override needs an end")):
                if not said.get(name) and name not in self.errors:
                    self.add_error(name, demand)
        elif said.get("reason") or said.get("expires_on") or said.get("tier"):
            self.add_error("exchange", "choose the exchange that this is about")
        return said

    def override(self) -> dict[str, str] | None:
        """As the services take it, None for an empty row."""
        said = self.cleaned_data
        if not said.get("exchange"):
            return None
        return {
            "exchange": said["exchange"].slug,
            "tier": said["tier"],
            "reason": said["reason"],
            "expires_on": said["expires_on"].isoformat(),
        }


# A page of thousands of lines, which a made-up form may ask for, would keep a worker busy.
OverrideFormSet = forms.formset_factory(
    OverrideForm, extra=EMPTY_OVERRIDES, max_num=MOST_OVERRIDES, validate_max=True, absolute_max=MOST_OVERRIDES + 1
)


class DecisionForm(forms.Form):
    """An answer to one open question: for each choice it names, a place in the order or a word on whether it stays."""

    def __init__(self, *args: Any, question: Mapping[str, Any], names: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question
        self.choices = [int(index) for index in question.get("choices", ())]
        self.is_order = question.get("kind") == QuestionKind.TIE
        for index in self.choices:
            name = names.get(index, f"choice {index}")
            self.fields[f"answer-{index}"] = self._place(name) if self.is_order else self._stay(name)
        self.fields["reason"] = ReasonField(
            required=False, label="Why", help_text="The rule or the decision it rests on."
        )

    def _place(self, name: str) -> forms.ChoiceField:
        places = [("", "Not decided"), *((str(place), str(place)) for place in range(1, len(self.choices) + 1))]
        return forms.ChoiceField(choices=places, required=False, label=f"Place of {name} among them")

    def _stay(self, name: str) -> forms.ChoiceField:
        words = [("", "Not decided"), ("include", "Stays in the release"), ("exclude", "Leaves the release")]
        if self.question.get("kind") == QuestionKind.UNKNOWN:
            words.append(("stands", "Nobody knows: it keeps what it has"))
        return forms.ChoiceField(choices=words, required=False, label=name, widget=forms.RadioSelect, initial="")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        answers = [said.get(f"answer-{index}") or "" for index in self.choices]
        if not any(answers):
            return said
        if not said.get("reason"):
            self.add_error("reason", "a decision needs its reason")
        if self.is_order and sorted(answers) != sorted(str(place) for place in range(1, len(answers) + 1)):
            self.add_error(None, "give each of them a place of its own")
        return said

    def decisions(self) -> list[dict[str, Any]]:
        """As the services take them; none while the question stays open."""
        answers = {index: self.cleaned_data.get(f"answer-{index}") or "" for index in self.choices}
        said = {"group": self.question.get("group", ""), "reason": self.cleaned_data.get("reason", "")}
        if not any(answers.values()):
            return []
        if self.is_order:
            order = sorted(self.choices, key=lambda index: int(answers[index]))
            return [{**said, "kind": "order", "choices": order}]
        return [{**said, "kind": kind, "choices": [index]} for index, kind in answers.items() if kind]


class ApproveForm(forms.Form):
    acknowledgement = forms.CharField(
        max_length=2000,
        required=False,
        label="What you say to its warnings",
        widget=forms.Textarea(attrs=REASON),
        help_text="In words; needed where the plan has warnings.",
    )


class RollbackForm(forms.Form):
    reason = ReasonField(label="Why it is taken back")


class WhatIfForm(forms.Form):
    """Other rules over the same results. Nothing of it is written."""

    policy = forms.ModelChoiceField(
        Policy.objects.none(), required=False, label="Policy", empty_label="The one that the epoch used"
    )
    min_votes = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=40,
        decimal_places=18,
        label="Votes needed to stay",
        help_text="In HBOT. Empty: as the policy says.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "policy", Policy.objects.all())


def _offer(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """Lets the field choose among *rows* as they are now, not as they were when the class was made."""
    cast("forms.ModelChoiceField[Any]", form.fields[name]).queryset = rows


def _end_of(day: date) -> datetime:
    """The last second of *day*: a poll that ended on it is closed only afterwards."""
    return datetime.combine(day, time(23, 59, 59), UTC)
