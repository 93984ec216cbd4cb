"""The pages in a real browser: they fit, everyone can read and reach them, and they ask nobody else anything."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from monitoring.checks.outcomes import Cause, Kind, Outcome
from monitoring.models import Check
from monitoring.services.schedule import plan_checks
from registry.services.catalogue.load import load_catalogue
from tests.monitoring.browser import open_browser
from tests.monitoring.factories import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.live_server_helper import LiveServer

    from tests.monitoring.browser import Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow(reason="a browser loads whole pages")]

PAGES = (
    "/",
    "/?q=o&component=spot_connector&lifecycle=active&lifecycle=removed&sort=health",
    "/exchanges/kraken/",
    "/exchanges/kucoin/",
    "/compare/?exchange=kraken&exchange=kucoin",
    "/compare/",
)
BOOK = {
    "pair": "BTC-USD",
    "spread": "0.1",
    "bids": [["83757.3", "0.63575190"], ["83757.1", "0.32093738"]],
    "asks": [["83757.4", "1.77065136"], ["83758.1", "0.22546064"]],
}

# A phone's innerWidth grows with what sticks out, so the width that was asked for is what counts.
TOO_WIDE = """(width) =>
[...document.querySelectorAll("main *, header *, footer *")]
  .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !e.closest("pre, .hidden, .sprite"))
  .map((e) => `${e.tagName}.${e.className.baseVal ?? e.className}: ${e.textContent.trim().slice(0, 40)}`)
"""

# Text whose colour stands out too little from the nearest opaque ground behind it (WCAG 2.2, 1.4.3).
FAINT = """
(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const share = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * share(r) + 0.7152 * share(g) + 0.0722 * share(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("svg, script, .hidden, .skip")) continue;
    seen += 1;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`${element.outerHTML.slice(0, 80)} ${(a + 0.05) / (b + 0.05)}`);
  }
  return { seen, found };
})()
"""

AGE = "document.querySelector('.aged').textContent"

UNNAMED = """
[...document.querySelectorAll("a, button, summary, [role=region], [role=img], nav, article, main > section")]
  .filter((e) => {
    const labelledBy = document.getElementById(e.getAttribute("aria-labelledby"));
    const label = e.getAttribute("aria-label") || labelledBy?.textContent;
    const needsLabel = e.matches("[role=region], [role=img], nav, article, section");
    return !(label || (needsLabel ? "" : e.textContent)).trim();
  })
  .map((e) => e.outerHTML.slice(0, 80))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    browser.troubles.clear()
    browser.requests.clear()
    return browser


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """Exchanges with a check in each state, as they are served."""
    load_catalogue()
    plan_checks(now=timezone.now())
    states: dict[Kind, tuple[Outcome, dict[str, Any]]] = {
        Kind.CONNECTIVITY: (Outcome.OK, {}),
        Kind.MARKETS: (Outcome.FAILED, {"cause": Cause.EXCHANGE_MAINTENANCE}),
        Kind.ORDER_BOOK: (Outcome.FAILED, {"evidence": BOOK}),
        Kind.AUTH: (Outcome.INCONCLUSIVE, {}),
        Kind.PAPER_ORDER: (Outcome.DEGRADED, {"summary": "a_word_without_any_space_" * 12, "reasons": ("x" * 300,)}),
        Kind.CANDLES: (Outcome.FAILED, {"cause": Cause.CANDLE_FAULT, "write_capture": lambda: b"x" * 5_000}),
    }
    for check in Check.objects.all():
        outcome, fields = states[Kind(check.kind)]
        for seconds in (20, 10):
            record(check, outcome, at=timezone.now() - timedelta(seconds=seconds), **fields)
    url: str = live_server.url
    return url


def test_pages_load_without_an_error_and_ask_only_their_own_server(page: Page, site: str) -> None:
    for path in PAGES:
        page.open(site + path)

    assert page.troubles == []
    # The browser draws the picker of a date field with a picture of its own, at a data address.
    assert [url for url in page.requests if not url.startswith((f"{site}/", "data:image/svg+xml"))] == []
    assert {url.rpartition("/")[2] for url in page.requests} >= {"pages.css", "refresh.js"}


def test_ways_through_the_site_stand_on_one_line_of_a_desk(page: Page, site: str) -> None:
    page.open(f"{site}/compare/", width=1280)

    boxes = (
        "[...document.querySelectorAll('header.site .brand, header.site nav a')].map((e) => e.getBoundingClientRect())"
    )
    middles = page.evaluate(f"{boxes}.map((box) => (box.top + box.bottom) / 2)")
    assert len(middles) == 7
    assert max(middles) - min(middles) < 2


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, site: str, width: int) -> None:
    for path in PAGES:
        page.open(site + path, width=width)
        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        assert page.evaluate(f"({TOO_WIDE})({width})") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_both_schemes(page: Page, site: str, scheme: str) -> None:
    for path in PAGES:
        page.open(site + path, scheme=scheme)
        measured = page.evaluate(FAINT)
        assert measured["found"] == []
        assert measured["seen"] > 50


def test_dark_scheme_is_dark(page: Page, site: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page.open(site, scheme=scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(246, 245, 241)", "rgb(20, 22, 26)"]


def test_everything_to_use_or_to_jump_to_has_a_name(page: Page, site: str) -> None:
    for path in PAGES:
        page.open(site + path)
        assert page.evaluate(UNNAMED) == []


def test_keyboard_reaches_the_content_first_and_shows_where_it_is(page: Page, site: str) -> None:
    page.open(site)
    page.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().width") > 100
    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "brand"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_whole_page_is_there_without_scripts(page: Page, site: str) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(f"{site}/exchanges/kraken/")
        text = page.evaluate("document.body.innerText")
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)
    assert "Failing" in text
    assert "83,757.3" in text
    assert "Pause updates" not in text


def test_open_page_keeps_itself_current_and_its_details_open(page: Page, site: str) -> None:
    page.open(f"{site}/exchanges/kraken/")
    book = Check.objects.get(kind=Kind.ORDER_BOOK, component__exchange__slug="kraken")
    anchor = f"check-{book.component_id}-order-book"
    page.evaluate(f"document.getElementById('{anchor}-evidence').open = true")
    record(book, Outcome.OK, at=timezone.now(), summary="whole and live again")

    page.evaluate(
        """new Promise((done) => {
            new MutationObserver(done).observe(document.querySelector("[data-live]"), {childList: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }).then(() => true)"""
    )

    assert "Whole and live again" in page.evaluate(f"document.getElementById('{anchor}').innerText")
    assert page.evaluate(f"document.getElementById('{anchor}-evidence').open") is True
    assert page.troubles == []


def test_what_was_ticked_and_typed_outlives_an_update(page: Page, site: str) -> None:
    page.open(site)
    page.evaluate("document.getElementById('compare-kraken').checked = true")
    page.evaluate("document.getElementById('by-order-LIMIT').checked = true")
    page.evaluate("document.getElementById('q').value = 'kuc'")

    page.evaluate(
        """new Promise((done) => {
            new MutationObserver(done).observe(document.querySelector("[data-live]"), {childList: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }).then(() => true)"""
    )

    assert page.evaluate("document.getElementById('compare-kraken').checked") is True
    assert page.evaluate("document.getElementById('by-order-LIMIT').checked") is True
    assert page.evaluate("document.getElementById('compare-kucoin').checked") is False
    assert page.evaluate("document.getElementById('q').value") == "kuc"
    assert page.evaluate("getComputedStyle(document.querySelector('.compare-bar')).position") == "sticky"


def test_exchanges_are_found_and_compared_with_the_keyboard_alone(page: Page, site: str) -> None:
    page.open(f"{site}/?q=k&maintainer=hummingbot-foundation&maintainer=none")
    for slug in ("kraken", "kucoin"):
        page.evaluate(f"document.getElementById('compare-{slug}').focus()")
        page.press(" ")
    page.evaluate("document.querySelector('.compare-bar button').focus()")
    page.follow(lambda: page.press("Enter"))

    assert page.evaluate("location.pathname + location.search") == "/compare/?exchange=kraken&exchange=kucoin"
    assert page.evaluate("document.querySelector('h1').textContent") == "Side by side"


def test_open_page_of_a_past_day_stays_on_that_day(page: Page, site: str) -> None:
    page.open(f"{site}/?as_of=2023-11-10")
    page.requests.clear()

    page.evaluate(
        """new Promise((done) => {
            new MutationObserver(done).observe(document.querySelector("[data-live]"), {childList: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }).then(() => true)"""
    )

    assert page.requests[:1] == [f"{site}/?as_of=2023-11-10"]
    assert "Tiers as of 2023-11-10." in page.evaluate("document.getElementById('live').innerText")


def test_updates_can_be_paused(page: Page, site: str) -> None:
    page.open(site)
    page.evaluate("document.querySelector('footer button').click()")
    page.requests.clear()

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    assert page.evaluate("document.querySelector('footer button').textContent") == "Resume updates"
    assert re.search(r"what was known at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC;", page.evaluate(AGE))
    assert page.requests == []


def test_page_that_was_not_updated_says_so_until_it_is(page: Page, site: str) -> None:
    page.open(site)
    assert page.evaluate(AGE) == ""

    page.evaluate("Date.now = ((now) => () => now() + 60_000)(Date.now)")
    page.evaluate("document.querySelector('#live a').focus()")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert "it was not updated since" in page.evaluate(AGE)

    page.evaluate("document.activeElement.blur()")
    page.evaluate(
        """new Promise((done) => {
            new MutationObserver(done).observe(document.querySelector(".aged"), {childList: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }).then(() => true)"""
    )
    assert page.evaluate(AGE) == ""
