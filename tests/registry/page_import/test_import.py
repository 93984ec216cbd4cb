"""Pages go into the database all together or not at all, and a second time they change nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from registry.choices import DeclaredStatus, Lifecycle, MaintainerKind, MaintenanceState
from registry.importers.pages import Page, read_page
from registry.models import (
    Alias,
    Bounty,
    Component,
    Exchange,
    ExchangeLink,
    Maintainer,
    Maintenance,
    Subject,
    TierAssignment,
)
from registry.services.catalogue import entry_of
from registry.services.pages import import_pages
from registry.services.pages.report import summary, told
from tests.registry.epochs.cut_off import Crash, CrashAfter, everything
from tests.registry.page_import.pages import BELL, bell, put_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Maintainer:
    return Maintainer.objects.create(slug="ann", name="Ann", kind=MaintainerKind.PERSON)


def test_without_apply_nothing_is_written_and_the_report_is_the_same(ann: Maintainer) -> None:
    before = everything()

    tried = import_pages([bell()], apply=False)

    assert everything() == before
    done = import_pages([bell()], apply=True)
    assert tried.loaded.changes == done.loaded.changes != []
    assert [one.differences for one in tried.pages] == [one.differences for one in done.pages]
    assert everything() != before


def test_unknown_exchange_is_created_with_all_that_its_page_states(ann: Maintainer) -> None:
    import_pages([bell(file="docs/bell/index.md")], apply=True)

    exchange = Exchange.objects.get()
    assert (exchange.slug, exchange.name, exchange.exchange_type, exchange.lifecycle) == (
        "bell",
        "Bell",
        "cex",
        "active",
    )
    spot, candles = exchange.components.all()
    assert (spot.kind, spot.status, spot.connector_id, spot.order_types) == (
        "spot_connector",
        "available",
        "bell",
        ["LIMIT", "MARKET"],
    )
    assert (candles.kind, candles.status, candles.connector_id) == ("spot_candles", "not_built", "")
    assert {link.kind: link.url for link in exchange.links.all()} == {
        "website": "https://bell.example",
        "fees": "https://bell.example/fees",
    }
    kept = Maintenance.objects.get()
    assert (kept.maintainer, kept.state, kept.source) == (ann, "active", "bell/index.md")
    assert Subject.objects.get().exchange == exchange
    assert Alias.objects.get().name == "Bell"


def test_title_in_words_names_a_new_exchange() -> None:
    import_pages([read_page(f"# Bell & Co.\n\n{BELL}".encode(), "bell-co.md")], apply=True)

    assert [(one.slug, one.name) for one in Exchange.objects.all()] == [("bell-co", "Bell & Co.")]


def test_again_is_a_no_op(ann: Maintainer) -> None:
    import_pages([bell()], apply=True)
    before = everything()

    again = import_pages([bell(file="elsewhere/bell.md")], apply=True)

    assert again.loaded.changes == []
    assert everything() == before
    assert list(told(again)) == [
        "elsewhere/bell.md: bell, nothing to change",
        "elsewhere/bell.md:5: tier_differs: "
        "the page says Silver, and no tier is in force: votes decide that, and no page",
        "1 page, 1 placed, 1 warning: nothing to change",
    ]


def test_tier_is_never_written(ann: Maintainer) -> None:
    import_pages([bell()], apply=True)
    exchange = Exchange.objects.get()
    put_in_force(exchange, "bronze", date(2024, 1, 1))

    today = import_pages([bell()], apply=True)
    before_the_vote = import_pages([bell()], apply=True, as_of=date(2023, 1, 1))

    assert TierAssignment.objects.count() == 1
    assert Exchange.objects.with_tier().get().current_tier == "bronze"
    assert [one.message for one in today.pages[0].warnings] == [
        "the page says Silver, and Bronze is in force: votes decide that, and no page"
    ]
    assert "no tier" in before_the_vote.pages[0].warnings[0].message


def test_what_no_page_states_stays(ann: Maintainer) -> None:
    import_pages([bell()], apply=True)
    exchange = Exchange.objects.get()
    Exchange.objects.update(lifecycle_source="a source", key_creation_steps=[{"text": "Log in.", "points": []}])
    exchange.components.filter(kind="spot_connector").update(paper_notes="", usage_url="https://x.example")
    bounty = Bounty.objects.create(
        exchange=exchange, tracker_id="1", kind="bug_p2", state="open", amount=1, unit="HBOT"
    )

    import_pages([bell(("- `MARKET`", "- `LIMIT_MAKER`"))], apply=True)

    exchange.refresh_from_db()
    assert (exchange.lifecycle_source, exchange.key_creation_steps) == ("a source", [{"text": "Log in.", "points": []}])
    spot = exchange.components.get(kind="spot_connector")
    assert (spot.order_types, spot.usage_url) == (["LIMIT", "LIMIT_MAKER"], "https://x.example")
    assert list(Bounty.objects.values_list("pk", "state")) == [(bounty.pk, "open")]


def test_later_page_of_one_exchange_counts_and_says_so(ann: Maintainer) -> None:
    old = bell(
        ("bell.example/fees", "bell.example/old"),
        ("| Not built |", "| Not available |"),
        ("Maintainer**: Ann", "Maintainer**: None"),
        file="a.md",
    )

    report = import_pages([old, bell(file="b.md")], apply=True)

    assert ExchangeLink.objects.get(kind="fees").url == "https://bell.example/fees"
    assert Component.objects.get(kind="spot_candles").status == "not_built"
    overruled = sorted(one for one in report.pages[0].warnings if one.code == "overruled")
    assert [(one.line, one.message) for one in overruled] == [
        (6, "maintainer: nobody here, and Ann on a later page, b.md, which counts"),
        (11, "component spot_candles status: Not available here, and Not built on a later page, b.md, which counts"),
        (
            16,
            "link fees: https://bell.example/old here, and https://bell.example/fees on a later page, b.md, "
            "which counts",
        ),
    ]
    assert Maintenance.objects.get().state == "active"
    assert [one.code.value for one in report.pages[1].warnings] == ["tier_differs"]

    again = import_pages([old, bell(file="b.md")], apply=True)

    assert again.loaded.changes == []
    assert [line for line in told(again) if line.startswith("  ")] == []  # what is overruled is told once


def test_id_that_a_page_replaces_still_places_the_pages_that_have_it(ann: Maintainer) -> None:
    """Their files are named at random: by name they would become exchanges of their own."""
    import_pages([bell(("`bell`", "`tone_pro`"))], apply=True)
    pages = [bell(("`bell`", "`tone_pro`"), file="1.md"), bell(("`bell`", "`tone_advanced`"))]

    assert import_pages(pages, apply=True).loaded.changes != []

    again = import_pages(pages, apply=True)
    assert [page.place.slug for page in again.pages] == ["bell", "bell"]
    assert again.loaded.changes == []
    assert sorted(Alias.objects.values_list("name", flat=True)) == ["Bell", "tone_pro"]


def test_pages_of_one_new_exchange_become_one_exchange() -> None:
    perp = bell(("🔀 Spot Connector](#spot-connector)", "🔀 Perp Connector](#perp-connector)"),
                ("## 🔀 Spot Connector", "## 🔀 Perp Connector"), ("`bell`", "`bell_perpetual`"),
                file="bell-perpetual.md")  # fmt: skip

    report = import_pages([bell(), perp], apply=True)

    assert [page.place.slug for page in report.pages] == ["bell", "bell"]
    kinds = Exchange.objects.get().components.values_list("kind", flat=True)
    assert list(kinds) == ["spot_connector", "spot_candles", "perp_connector"]


def test_removed_component_stays_removed(ann: Maintainer) -> None:
    import_pages([bell()], apply=True)
    Component.objects.filter(kind="spot_connector").update(status=DeclaredStatus.REMOVED, removed_in="1.25.0")
    Exchange.objects.update(lifecycle=Lifecycle.REMOVED, removed_in="1.25.0")

    report = import_pages([bell()], apply=True)

    assert report.loaded.changes == []
    assert Component.objects.get(kind="spot_connector").status == "removed"
    assert [(one.line, one.code.value) for one in sorted(report.pages[0].warnings)] == [
        (5, "tier_differs"),
        (10, "not_kept"),
    ]


def test_maintainer_who_is_new_is_created_with_a_guess_of_the_kind() -> None:
    page = bell(("Maintainer**: Ann", "Maintainer**: [Cleo](https://github.com/cleo)"))

    report = import_pages([page], apply=True)

    assert "  new: maintainer Cleo (person)" in list(told(report))
    maintainer = Maintainer.objects.get()
    assert (maintainer.slug, maintainer.name, maintainer.kind, maintainer.url) == (
        "cleo",
        "Cleo",
        "person",
        "https://github.com/cleo",
    )
    assert Maintenance.objects.get().state == MaintenanceState.ACTIVE


def test_page_that_is_not_placed_is_told_and_the_others_go_in(ann: Maintainer) -> None:
    import_pages([bell()], apply=True)
    other = bell(("`bell`", "`gong`"), file="gong.md")
    mixed = bell(file="gong.md")

    report = import_pages([other, mixed], apply=True)

    assert sorted(Exchange.objects.values_list("slug", flat=True)) == ["bell", "gong"]
    assert report.pages[1].place.slug == ""
    assert list(told(report))[-3:] == [
        "gong.md: not placed",
        "gong.md:1: not_placed: its connector ids are those of bell, and its name is that of gong: "
        "correct the one that is wrong",
        "2 pages, 1 placed, 1 new exchange, 2 warnings: 8 changes written",
    ]


def test_id_of_another_exchange_is_told_and_not_taken(ann: Maintainer) -> None:
    import_pages([bell(), bell(("`bell`", "`gong`"), file="gong.md")], apply=True)
    copied = bell(
        ("`bell`", "`gong`"),
        ("## 🔀 Spot Connector", "## 🕯 Spot Candles Feed\n\n- **ID**: `bell`\n\n## 🔀 Spot Connector"),
        ("| Not built |", "| ✅ |"),
        file="gong.md",
    )

    report = import_pages([copied], apply=True)

    assert report.pages[0].place.slug == "gong"
    assert [(one.line, one.message) for one in report.pages[0].warnings if one.code == "not_kept"] == [
        (18, "component spot_candles connector id: bell is an id of bell"),
        (11, "component spot_candles: connector id: missing: a component that is available needs one"),
    ]
    assert Component.objects.get(exchange__slug="gong", kind="spot_candles").status == "not_built"


def test_page_that_is_no_exchange_page_is_told_once() -> None:
    report = import_pages([read_page(b"# News\n\nWords.\n", "news.md")], apply=True)

    lines = list(told(report))
    assert lines[0] == "news.md: not placed"
    assert lines[1].startswith("news.md:1: no_exchange_page: ")
    assert lines[2:] == ["1 page, 0 placed, 1 warning: nothing to change"]


def test_run_that_fails_half_way_leaves_nothing_behind(ann: Maintainer) -> None:
    before = everything()

    for writes in range(6):
        with connection.execute_wrapper(CrashAfter(writes)), pytest.raises(Crash):
            import_pages([bell()], apply=True)
        assert everything() == before, writes


def test_queries_do_not_grow_with_the_pages(ann: Maintainer, django_assert_max_num_queries: Any) -> None:
    pages: list[Page] = [
        bell(("`bell`", f"`bell{number}`"), ("Maintainer**: Ann", "Maintainer**:"), file=f"bell{number}.md")
        for number in range(30)
    ]
    import_pages(pages, apply=True)

    with django_assert_max_num_queries(30):
        assert summary(import_pages(pages, apply=True)).endswith("nothing to change")


def test_entry_of_the_imported_exchange_says_what_the_page_says(ann: Maintainer) -> None:
    import_pages([bell()], apply=True)

    entry = entry_of(Exchange.objects.get())
    assert [component.kind.value for component in entry.components] == ["spot_connector", "spot_candles"]
    assert [one.place for one in import_pages([bell()], apply=False).pages[0].differences] == ["tier"]
