"""Rows that may be edited: with a reason, which is kept; and nothing edits more than it says."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry.models import Alias, Bounty, Component, Exchange, Maintainer, Proposal, Subject, TierAssignment

EDITABLE = [Alias, Bounty, Component, Exchange, Maintainer, Proposal, Subject]


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:registry_{model._meta.model_name}_{page}", args=args)


def filled_in(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """What a browser would send back of the form at *url*, with *changes*."""
    context = client.get(url).context
    form = context["adminform"].form
    sent: dict[str, Any] = {}
    formsets = [inline.formset for inline in context["inline_admin_formsets"]]
    forms = [form, *(f.management_form for f in formsets), *(one for f in formsets for one in f.forms)]
    for one in forms:
        for field in one:
            value = field.value()
            if value is not None and value is not False:
                sent[field.html_name] = value
    return sent | changes


@pytest.mark.parametrize("model", EDITABLE)
def test_every_list_and_form_opens(admin_client: Client, decision: TierAssignment, model: Any) -> None:
    for url in (
        address(model, "changelist"),
        address(model, "changelist") + "?q=kucoin",
        address(model, "add"),
        address(model, "change", model.objects.first().pk),
    ):
        assert admin_client.get(url).status_code == 200


@pytest.mark.parametrize("model", EDITABLE)
def test_list_takes_as_many_queries_for_many_rows_as_for_one(admin_client: Client, model: Any) -> None:
    url = address(model, "changelist")

    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert admin_client.get(address).status_code == 200
        return len(captured)

    queries(url)  # content types and the session are read once
    one = model.objects.first()
    assert queries(url) == queries(f"{url}?pk__exact={one.pk}")


def test_change_without_a_reason_is_refused(admin_client: Client) -> None:
    maintainer = Maintainer.objects.get(slug="foundation")
    url = address(Maintainer, "change", maintainer.pk)

    answer = admin_client.post(url, filled_in(admin_client, url, name="Somebody Else"))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"why": ["This field is required."]}
    maintainer.refresh_from_db()
    assert maintainer.name == "The Foundation"


def test_reason_of_a_change_is_kept_in_the_history(admin_client: Client) -> None:
    maintainer = Maintainer.objects.get(slug="foundation")
    url = address(Maintainer, "change", maintainer.pk)

    answer = admin_client.post(url, filled_in(admin_client, url, name="HBF", why="Renamed on its own site."))

    assert answer.status_code == 302
    assert LogEntry.objects.get().get_change_message() == "Changed Name. Why: Renamed on its own site."
    assert (
        "Renamed on its own site." in admin_client.get(address(Maintainer, "history", maintainer.pk)).content.decode()
    )


def test_reason_of_an_addition_is_kept_in_the_history(admin_client: Client) -> None:
    sent = {"slug": "wojak", "name": "wojak", "kind": "person", "url": "", "why": "Named on the XRPL page."}
    assert admin_client.post(address(Maintainer, "add"), sent).status_code == 302
    assert LogEntry.objects.get().get_change_message() == "Added. Why: Named on the XRPL page."


def test_exchange_is_edited_together_with_its_components(admin_client: Client, decision: TierAssignment) -> None:
    exchange = Exchange.objects.get(slug="kucoin")
    url = address(Exchange, "change", exchange.pk)
    sent = filled_in(admin_client, url, **{"components-0-notes": "looked at again"}, why="Asked the exchange.")

    answer = admin_client.post(url, sent)

    assert answer.status_code == 302
    assert exchange.components.first().notes == "looked at again"
    assert LogEntry.objects.get().get_change_message().endswith(" Why: Asked the exchange.")


def test_deletion_needs_a_reason_and_keeps_it(admin_client: Client) -> None:
    alias = Alias.objects.create(subject=Subject.objects.first(), name="A Slip", key="aslip")
    url = address(Alias, "delete", alias.pk)
    assert 'name="why"' in admin_client.get(url).content.decode()

    admin_client.post(url, {"post": "yes", "why": "  "})
    assert Alias.objects.filter(pk=alias.pk).exists()

    admin_client.post(url, {"post": "yes", "why": "Typed by mistake."})
    assert not Alias.objects.filter(pk=alias.pk).exists()
    assert LogEntry.objects.get().get_change_message() == "Deleted. Why: Typed by mistake."


@pytest.mark.parametrize("model", EDITABLE)
def test_many_rows_are_not_deleted_at_once(admin_client: Client, model: Any) -> None:
    row = model.objects.first()
    sent = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    admin_client.post(address(model, "changelist"), sent)
    assert model.objects.filter(pk=row.pk).exists()


def test_alias_is_found_by_its_key_however_it_was_added(admin_client: Client) -> None:
    subject = Subject.objects.get(slug="kraken", kind="exchange")
    sent = {"subject": subject.pk, "name": "Kra-Ken.", "from_epoch": "14", "why": "As printed."}
    assert admin_client.post(address(Alias, "add"), sent).status_code == 302
    assert Alias.objects.get(name="Kra-Ken.").key == "kraken"

    url = address(Subject, "change", subject.pk)
    sent = filled_in(admin_client, url, why="As printed.")
    place = int(sent["aliases-TOTAL_FORMS"])
    sent |= {"aliases-TOTAL_FORMS": place + 1, f"aliases-{place}-name": "KRAKEN!", f"aliases-{place}-from_epoch": "15"}
    sent |= {f"aliases-{place}-subject": subject.pk}
    assert admin_client.post(url, sent).status_code == 302
    assert Alias.objects.get(name="KRAKEN!").key == "kraken"


def test_alias_without_a_letter_or_digit_is_refused(admin_client: Client) -> None:
    sent = {"subject": Subject.objects.first().pk, "name": "…", "from_epoch": "14", "why": "As printed."}
    answer = admin_client.post(address(Alias, "add"), sent)
    assert answer.context["adminform"].form.errors == {"name": ["write a name with a letter or a digit in it"]}


def test_exchange_list_shows_and_filters_by_the_tier_in_force(admin_client: Client, decision: TierAssignment) -> None:
    changelist = address(Exchange, "changelist")

    def slugs(query: str) -> list[str]:
        found = admin_client.get(changelist + query).context["cl"].queryset
        return [exchange.slug for exchange in found]

    assert slugs("?tier=silver") == ["kucoin"]
    assert "kucoin" not in slugs("?tier=none")
    assert '<td class="field-tier">no tier</td>' in admin_client.get(changelist + "?q=kraken").content.decode()
    assert '<td class="field-tier">Silver</td>' in admin_client.get(changelist + "?q=kucoin").content.decode()


def test_exchange_form_shows_the_history_read_only(admin_client: Client, decision: TierAssignment) -> None:
    url = address(Exchange, "change", decision.exchange_id)
    page = admin_client.get(url).content.decode()

    assert "CEX connector poll of a test" in page
    assert 'name="tier_assignments-0-reason"' not in page
    assert 'name="tier"' not in page


def test_exchange_with_decisions_is_not_deleted_by_the_admin(admin_client: Client, decision: TierAssignment) -> None:
    url = address(Exchange, "delete", decision.exchange_id)
    admin_client.post(url, {"post": "yes", "why": "It should not be there."})
    assert Exchange.objects.filter(slug="kucoin").exists()


@pytest.mark.parametrize("field", ["exchange", "component", "proposal", "pot"])
def test_rows_to_choose_from_are_found_by_typing(signed_in: Any, field: str) -> None:
    query = {"app_label": "registry", "model_name": "bounty", "field_name": field, "term": "k"}
    answer = signed_in("editor").get(reverse("admin:autocomplete"), query)
    assert answer.status_code == 200
    found = [row["text"] for row in answer.json()["results"]]
    assert ("Kraken" in found) == (field == "exchange")


def test_editor_saves_with_a_reason_and_a_viewer_only_looks(signed_in: Any) -> None:
    maintainer = Maintainer.objects.get()
    url = address(Maintainer, "change", maintainer.pk)
    editor, viewer = signed_in("editor"), signed_in("viewer")

    assert editor.post(url, filled_in(editor, url, name="HBF", why="Renamed.")).status_code == 302
    assert 'name="why"' not in viewer.get(url).content.decode()
    assert viewer.post(url, {"name": "Other", "why": "To try."}).status_code == 403
    assert Maintainer.objects.get().name == "HBF"
