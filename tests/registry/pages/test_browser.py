"""The pages of governance and of the catalogue in a real browser: they fit a phone, and need no script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitoring.bounty_drafts import build_path
from registry.choices import ComponentKind
from registry.models import Component
from registry.services.catalogue import load_catalogue
from registry.services.history import load_history
from tests.monitoring.browser import open_browser
from tests.monitoring.test_browser import FAINT, UNNAMED
from tests.registry.pages.test_governance_pages import PAGES

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

    from tests.monitoring.browser import Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow(reason="a browser loads whole pages")]

ALL = (
    *PAGES,
    "/",
    "/exchanges/kucoin/?as_of=2023-11-10",
    "/exchanges/binance/",
    "/drift/",
    "/maintainers/",
    "/maintainers/hummingbot-foundation/",
    "/bounties/drafts/",
)

# The picture of all epochs scrolls in a region of its own, which the keyboard reaches.
TOO_WIDE = """(width) =>
[...document.querySelectorAll("main *, header *, footer *")]
  .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !e.closest("pre, .hidden, .sprite, .picture"))
  .map((e) => `${e.tagName}.${e.className.baseVal ?? e.className}: ${e.textContent.trim().slice(0, 40)}`)
"""


def every_page_fits_and_can_be_read(page: Page, site: str) -> None:
    draft = build_path(Component.objects.get(exchange__slug="htx", kind=ComponentKind.PERP_CANDLES))
    for path in (*ALL, draft):
        for width, scheme in ((320, "dark"), (1280, "light")):
            page.open(site + path, width=width, scheme=scheme)
            page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
            assert page.evaluate(f"({TOO_WIDE})({width})") == [], (path, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            measured = page.evaluate(FAINT)
            assert measured["found"] == [], (path, scheme)
            assert measured["seen"] > 30
        assert page.evaluate(UNNAMED) == [], path
    assert page.troubles == []
    # The browser draws the picker of a date field with a picture of its own, at a data address.
    assert [url for url in page.requests if not url.startswith((f"{site}/", "data:image/svg+xml"))] == []


def picture_scrolls_by_itself_and_by_keyboard(page: Page, site: str) -> None:
    page.open(f"{site}/governance/", width=320)
    region = "document.querySelector('.wide-table')"
    assert page.evaluate(f"{region}.scrollWidth > {region}.clientWidth") is True
    assert page.evaluate(f"{region}.focus(), document.activeElement === {region}") is True


def whole_page_is_there_without_scripts(page: Page, site: str) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(f"{site}/epochs/13/what-if/?min_votes=4000000")
        assert "Cube Exchange" in page.evaluate("document.body.innerText")
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)


def test_pages_in_a_browser(live_server: LiveServer, settings: SettingsWrapper) -> None:
    """One test, since the record is loaded for it anew."""
    settings.BELLWETHER_PAGES = Path(__file__).parents[2] / "payloads" / "pages"
    load_catalogue()
    load_history()
    with open_browser() as page:
        every_page_fits_and_can_be_read(page, live_server.url)
        picture_scrolls_by_itself_and_by_keyboard(page, live_server.url)
        whole_page_is_there_without_scripts(page, live_server.url)
