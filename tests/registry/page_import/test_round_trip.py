"""Import, export, import: what has been through once stays as it is, in the database as on the page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.choices import Lifecycle
from registry.importers.pages import read_page
from registry.models import Exchange
from registry.page_export import PageLayout, render
from registry.services.catalogue import CATALOGUE_DIR, Catalogue, Loaded, entry_of
from registry.services.catalogue.load import write_catalogue
from registry.services.catalogue.schema import ExchangeEntry
from registry.services.lock import governance_lock
from registry.services.pages import import_pages, read_pages
from registry.services.pages.facts import is_same, kept_in, stated_by
from tests.registry.epochs.cut_off import everything
from tests.registry.page_export.entries import MAINTAINERS, entries
from tests.registry.page_export.entries import exported as written_out
from tests.registry.page_import.pages import REAL_PAGES, export

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="whole pages and a whole catalogue, through the database")]


def write(exchanges: Sequence[ExchangeEntry]) -> None:
    catalogue = Catalogue(maintainers=tuple(MAINTAINERS.values()), proposals=(), exchanges=tuple(exchanges))
    governance_lock()
    write_catalogue(catalogue, Loaded(), directory=CATALOGUE_DIR)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=entries([Lifecycle.ACTIVE, Lifecycle.REMOVED]), layout=st.sampled_from(list(PageLayout)))
def test_any_exchange_comes_through_a_page_unchanged(entry: ExchangeEntry, layout: PageLayout) -> None:
    with transaction.atomic():
        write([entry])
        before = everything()

        report = import_pages(export(layout), apply=True)

        assert [warning for page in report.pages for warning in page.warnings] == []
        assert report.loaded.changes == []
        assert everything() == before
        transaction.set_rollback(True)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=entries([Lifecycle.ACTIVE]), layout=st.sampled_from(list(PageLayout)))
def test_empty_registry_learns_from_a_page_all_that_it_states(entry: ExchangeEntry, layout: PageLayout) -> None:
    page = read_page(render(written_out(entry), layout), f"{entry.slug}.md")
    with transaction.atomic():
        write([])

        import_pages([page], apply=True)

        learned = kept_in(entry_of(Exchange.objects.get()))
        stated = stated_by(page)
        assert stated.keys() - learned.keys() == set()
        assert [path for path in stated if not is_same(path, learned[path], stated[path].value)] == []
        assert import_pages(export(layout), apply=True).loaded.changes == []
        transaction.set_rollback(True)


def test_real_pages_reach_a_fixed_point_at_once() -> None:
    pages = read_pages([REAL_PAGES])
    assert import_pages(pages, apply=True).loaded.changes
    assert import_pages(pages, apply=True).loaded.changes == []
    before = everything()

    for layout in PageLayout:
        report = import_pages(export(layout), apply=True)

        assert report.loaded.changes == []
        assert [page.page.file for page in report.pages if page.page.warnings] == []
    assert everything() == before
