"""The catalogue that is shipped goes out as pages and comes back as it was, alone and with real pages in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.page_export import PageLayout
from registry.services.catalogue import load_catalogue
from registry.services.pages import import_pages, read_pages
from tests.registry.epochs.cut_off import everything
from tests.registry.layers import for_the_module
from tests.registry.page_import.pages import REAL_PAGES, export

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="a page of each exchange there is")]


@pytest.fixture(scope="module", autouse=True)
def _loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with for_the_module(django_db_blocker):
        load_catalogue()
        yield


@pytest.mark.parametrize("layout", list(PageLayout))
def test_whole_catalogue_comes_through_pages_unchanged(layout: PageLayout) -> None:
    before = everything()

    report = import_pages(export(layout), apply=True)

    odd = {
        page.page.file: found
        for page in report.pages
        if (found := page.differences or page.page.warnings or page.warnings)
    }
    assert odd == {}
    assert len(report.pages) > 100
    assert report.loaded.changes == []
    assert everything() == before


def test_real_pages_reach_a_fixed_point_at_once() -> None:
    """In one layout: the other one's way through a registry with pages in it is that of `test_round_trip`."""
    pages = read_pages([REAL_PAGES])
    assert import_pages(pages, apply=True).loaded.changes
    assert import_pages(pages, apply=True).loaded.changes == []
    before = everything()

    report = import_pages(export(PageLayout.TIERS), apply=True)

    assert [page.page.file for page in report.pages if page.page.warnings] == []
    assert report.loaded.changes == []
    assert everything() == before
