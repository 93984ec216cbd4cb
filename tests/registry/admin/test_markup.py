"""The epoch pages as documents: headings in order, tables that say what they are, every field with its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from registry.importers.snapshot import read_snapshot
from registry.models import Choice, Epoch, Poll
from registry.services.epochs import CATALOGUE, create_epoch, import_poll, plan_epoch
from tests.registry.layers import for_the_module
from tests.registry.polls_at_hand import snapshot_answer


@pytest.fixture(scope="module")
def pages(registry: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """The address of every epoch page, with something to show on each."""
    with for_the_module(django_db_blocker):
        yield _addresses()


def _addresses() -> dict[str, str]:
    create_epoch(15, actor=CATALOGUE, reason="Polls have closed.")
    votes = {"Kraken": 500_000, "KuCoin": 500_000, "Gate.io": 300_000}
    import_poll(15, read_snapshot(snapshot_answer(votes), group="cex", origin="poll.json"), actor=CATALOGUE)
    override = {"exchange": "ascend-ex", "tier": "bronze", "reason": "By hand.", "expires_on": "2035-01-01"}
    plan = plan_epoch(15, actor=CATALOGUE, policy="hgp-45", policy_reason="For tiers.", overrides=[override])
    create_epoch(16, actor=CATALOGUE, reason="To map.")
    open_votes = {"Kraken": 5, "Krakn": 4, "Nowhere": 3}
    answer = snapshot_answer(open_votes, id="0x" + "e" * 64)
    import_poll(16, read_snapshot(answer, group="cex", origin="poll.json"), actor=CATALOGUE)
    epoch, open_epoch = Epoch.objects.get(number=15), Epoch.objects.get(number=16)
    choice, poll = Choice.objects.filter(poll__epoch=epoch).first(), Poll.objects.get(epoch=epoch)
    found: dict[str, tuple[Any, ...]] = {
        "add": (),
        "change": (epoch.pk,),
        "import": (epoch.pk,),
        "map": (open_epoch.pk,),
        "map_choice": (epoch.pk, choice.pk if choice else 0),
        "remove_poll": (epoch.pk, poll.pk),
        "plan_form": (epoch.pk,),
        "plan": (epoch.pk, plan.pk),
        "rollback": (epoch.pk,),
    }
    addresses = {name: reverse(f"admin:registry_epoch_{name}", args=args) for name, args in found.items()}
    addresses["what_if"] = reverse("admin:registry_epoch_what_if", args=[epoch.pk]) + "?min_votes=400000"
    return addresses


NAMES = ("add", "change", "import", "map", "map_choice", "remove_poll", "plan_form", "plan", "rollback", "what_if")


@pytest.mark.parametrize("name", NAMES)
def test_page_is_built_for_everyone(admin_client: Client, pages: dict[str, str], name: str) -> None:
    html = admin_client.get(pages[name]).content.decode()
    main = html.partition('<main id="content-start"')[2].partition("</main>")[0]

    levels = [int(level) for level in re.findall(r"<h([1-6])", main)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert main.count("<table") == main.count("<caption") == main.count('class="epoch-scroll"')
    assert re.findall(r"<th(?![^>]*scope=)[ >]", main) == []
    scrolling = re.findall(r'<div class="epoch-scroll"([^>]*)>', main)
    assert all('tabindex="0"' in attributes and "aria-label=" in attributes for attributes in scrolling)
    assert "<script" not in main
    ids = re.findall(r'\bid="([^"]+)"', main)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_name_that_is_read_out(admin_client: Client, pages: dict[str, str], name: str) -> None:
    html = admin_client.get(pages[name]).content.decode()
    main = html.partition('<main id="content-start"')[2].partition("</main>")[0]
    labelled = set(re.findall(r'<label[^>]*\bfor="([^"]+)"', main))
    fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", main)
    nameless = [
        field
        for field in fields
        if 'type="hidden"' not in field
        and 'type="submit"' not in field
        and "aria-label=" not in field
        and 'name="keep"' not in field  # inside its label
        and not set(re.findall(r'\bid="([^"]+)"', field)) & labelled
    ]
    assert nameless == []


def test_change_is_told_in_word_and_shape(admin_client: Client, pages: dict[str, str]) -> None:
    html = admin_client.get(pages["plan"]).content.decode()
    assert '<h3><span aria-hidden="true">+</span> Entered: ' in html
    assert "Open questions: 1" in html
    assert "Overrides: 1" in html


def test_refused_form_begins_with_its_errors_each_leading_to_its_field(
    admin_client: Client, pages: dict[str, str]
) -> None:
    html = admin_client.post(pages["add"], {"number": "x"}).content.decode()
    summary = re.search(r'<div class="epoch-refused" role="alert" tabindex="-1" autofocus>.*?</div>', html, flags=re.S)
    assert summary is not None
    assert re.findall(r'<li><a href="#(\w+)">(.*?)</a>: (.*?)</li>', summary[0]) == [
        ("id_number", "Number", "Enter a whole number."),
        ("id_reason", "Why", "This field is required."),
    ]
    number = re.search(r'<input[^>]*id="id_number"[^>]*>', html)
    assert number is not None
    assert 'aria-invalid="true"' in number[0]
    assert 'id="id_number_error"' in html
    assert "id_number_error" in number[0]


def test_rules_that_know_no_such_poll_are_told_at_the_policy_with_those_that_do(
    admin_client: Client, pages: dict[str, str]
) -> None:
    create_epoch(17, actor=CATALOGUE, reason="Polls have closed.")
    votes = {"Kraken": 500_000, "KuCoin": 300_000}
    answer = snapshot_answer(votes, id="0x" + "f" * 64)
    import_poll(17, read_snapshot(answer, group="cex", origin="poll.json"), actor=CATALOGUE)
    epoch = Epoch.objects.get(number=17)
    page = admin_client.post(
        reverse("admin:registry_epoch_plan_form", args=[epoch.pk]),
        {"override-TOTAL_FORMS": "0", "override-INITIAL_FORMS": "0"},
    )
    assert page.status_code == 422
    assert (
        '<a href="#id_policy">Policy</a>: hgp-77 v1 knows only single proposals, and no polls such as CEX connectors; '
        "choose rules that do: hgp-45 v1" in page.content.decode()
    )
    assert epoch.current_plan is None


def test_every_admin_page_has_the_icon_of_the_site(admin_client: Client, client: Client) -> None:
    for page in (admin_client.get(reverse("admin:index")), client.get(reverse("admin:login"))):
        assert re.search(r'<link rel="icon" href="[^"]*monitoring/favicon[^"]*\.svg"', page.content.decode())
