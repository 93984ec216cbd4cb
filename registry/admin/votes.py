"""What was voted and under which rules: policies, polls, their choices and the bytes that say so. Read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.editing import ReadOnlyAdmin, ReadOnlyInline, pretty_json, row_link, rows_link
from registry.models import Choice, Epoch, Policy, Poll, PollEvidence

SHOWN_CHARACTERS = 20_000


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "title", "from_epoch", "to_epoch", "epochs_link"]
    search_fields = ["slug", "title"]
    fields = ["slug", "version", "title", "from_epoch", "to_epoch", "epochs_link", "sha256", "document_text"]
    readonly_fields = ["epochs_link", "document_text"]

    @admin.display(description="epochs")
    def epochs_link(self, policy: Policy) -> str:
        return rows_link(Epoch, "epochs under it", policy__id__exact=policy.pk)

    @admin.display(description="document")
    def document_text(self, policy: Policy) -> SafeString:
        return pretty_json(policy.document)


class ChoiceInline(ReadOnlyInline):
    model = Choice
    fields = ["index", "name", "votes", "votes_margin", "stated_rank", "subject", "mapping", "mapping_note"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Choice]:
        return super().get_queryset(request).select_related("subject", "poll__epoch")


@admin.register(Poll)
class PollAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "epoch_link", "group", "voting", "choice_count", "closed_at", "evidence_link"]
    list_filter = ["group", "voting", "epoch"]
    list_select_related = ["epoch", "evidence"]
    search_fields = ["title", "snapshot_id", "proposal_number", "choices__name"]
    readonly_fields = ["epoch_link", "evidence_link"]
    inlines = [ChoiceInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Poll]:
        return Poll.objects.defer("evidence__content").annotate(choice_count=Count("choices", distinct=True))

    @admin.display(description="choices", ordering="choice_count")
    def choice_count(self, poll: Any) -> int:
        return int(poll.choice_count)

    @admin.display(description="epoch", ordering="epoch__number")
    def epoch_link(self, poll: Poll) -> str:
        return row_link(poll.epoch)

    @admin.display(description="evidence")
    def evidence_link(self, poll: Poll) -> str:
        return row_link(poll.evidence)


@admin.register(Choice)
class ChoiceAdmin(ReadOnlyAdmin):
    list_display = ["name", "poll_link", "index", "votes", "subject_link", "mapping", "mapping_note"]
    list_filter = ["mapping", "poll__group", "poll__epoch"]
    list_select_related = ["poll__epoch", "subject"]
    search_fields = ["name", "subject__name"]
    readonly_fields = ["poll_link", "subject_link"]

    @admin.display(description="poll")
    def poll_link(self, choice: Choice) -> str:
        return row_link(choice.poll)

    @admin.display(description="subject", ordering="subject__name")
    def subject_link(self, choice: Choice) -> str:
        return row_link(choice.subject)


@admin.register(PollEvidence)
class PollEvidenceAdmin(ReadOnlyAdmin):
    list_display = ["origin", "source", "sha256", "received_at", "received_by"]
    list_filter = ["source"]
    search_fields = ["origin", "sha256"]
    fields = ["origin", "source", "sha256", "received_at", "received_by", "polls_link", "text"]
    readonly_fields = ["polls_link", "text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PollEvidence]:
        return PollEvidence.objects.defer("content")  # megabytes, which a list does not show

    @admin.display(description="polls")
    def polls_link(self, evidence: PollEvidence) -> str:
        return rows_link(Poll, "polls read from it", evidence__id__exact=evidence.pk)

    @admin.display(description="content")
    def text(self, evidence: PollEvidence) -> SafeString:
        content = bytes(evidence.content)
        text = content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        rest = f"\n… {len(content) - SHOWN_CHARACTERS:,} bytes more" if len(content) > SHOWN_CHARACTERS else ""
        return format_html(
            '<pre tabindex="0" role="region" aria-label="The bytes as text">{}{}</pre>',
            text,
            rest,
        )
