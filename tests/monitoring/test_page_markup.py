"""The pages as documents: valid, safe, built for everyone, with colours that can be told apart."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client

import monitoring
from monitoring.checks.outcomes import Kind, Outcome
from tests.monitoring.factories import record_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(catalogue_of_the_module: None, db: None) -> None:
    """Loaded once for all of these tests."""


KRAKEN = "/exchanges/kraken/"
KUCOIN = "/exchanges/kucoin/"
ASKED = "/?q=k&order=LIMIT&lifecycle=active&lifecycle=removed&sort=tier"
COMPARED = "/compare/?exchange=kraken&exchange=kucoin"
PAGES = ("/", ASKED, KRAKEN, KUCOIN, COMPARED, "/compare/")


@pytest.mark.parametrize("address", [*PAGES, "/nowhere/"])
def test_page_needs_nothing_from_elsewhere_and_nothing_inline(client: Client, tiers: None, address: str) -> None:
    assert_needs_nothing_else(client.get(address))


@pytest.mark.parametrize("address", PAGES)
def test_page_is_built_for_everyone(client: Client, tiers: None, address: str) -> None:
    record_all({Kind.MARKETS: Outcome.DEGRADED})
    assert_built_for_everyone(client.get(address))


def assert_needs_nothing_else(response: HttpResponse) -> None:
    """Nothing from elsewhere, and nothing inline."""
    html = response.content.decode()

    loaded = re.findall(r'<(?:link|script|img|iframe|use)\b[^>]*?\b(?:href|src)="([^"]*)"', html)
    assert [url for url in loaded if not url.startswith(("/", "#"))] == []
    assert re.findall(r"<style\b|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", html) == []
    assert response["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")


def assert_built_for_everyone(response: HttpResponse) -> None:
    """Headings in order, tables and pictures with a name, and every reference within the page holds."""
    html = response.content.decode()

    ids = re.findall(r'\bid="([^"]+)"', html)
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert len(ids) == len(set(ids))
    named = re.findall(r'\baria-labelledby="([^"]+)"', html) + re.findall(r'\bhref="#([^"]+)"', html)
    assert set(named) <= set(ids)
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert html.count("<table") == html.count("<caption")
    assert re.findall(r"<th(?![^>]*scope=)[ >]", html) == []
    assert re.findall(r"<svg(?![^>]*(?:aria-hidden|aria-label))", html) == []
    controls = re.findall(r'<(?:input|select)[^>]*\bid="([^"]+)"', html)
    assert set(controls) == set(re.findall(r'<label[^>]* for="([^"]+)"', html))
    assert '<html lang="en">' in html


class Nesting(HTMLParser):
    """Collects every end tag that does not close the element opened last."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"p", "ul", "ol", "dl", "table", "section", "article", "h2", "h3", "h4"} and "p" in self.open:
            self.wrong.append(f"{tag} inside p at {self.getpos()}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag} at {self.getpos()}")


@pytest.mark.parametrize("address", [*PAGES, "/exchanges/krakn/"])
def test_every_element_is_closed_where_it_was_opened(client: Client, tiers: None, address: str) -> None:
    record_all({Kind.ORDER_BOOK: Outcome.FAILED}, evidence={"bids": [["1", "2"]], "asks": [["3", "1"]]})
    assert_every_element_is_closed(client.get(address))


def assert_every_element_is_closed(response: HttpResponse) -> None:
    nesting = Nesting()
    nesting.feed(response.content.decode())
    assert (nesting.wrong, nesting.open) == ([], [])


def assert_good_page(response: HttpResponse) -> None:
    """For pages whose tests have rows of their own."""
    assert response.status_code == 200
    assert_needs_nothing_else(response)
    assert_built_for_everyone(response)
    assert_every_element_is_closed(response)


def colours(scheme: str) -> dict[str, str]:
    css = (Path(monitoring.__file__).parent / "static/monitoring/pages.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, flags=re.S)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two sRGB colours."""

    def luminance(colour: str) -> float:
        shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(scheme: str) -> None:
    colour = colours(scheme)
    states = ("ok", "degraded", "failed", "neutral", "maintenance")
    grounds = ("bg", "surface", "sunken")
    pairs = [(text, ground) for text in ("text", "muted", "accent") for ground in grounds]
    pairs += [(state, ground) for state in states for ground in ("bg", "surface", f"{state}-soft")]
    pairs += [(text, f"{state}-soft") for text in ("text", "accent") for state in states]
    # The verdict lists marks of every state upon the ground of the worst.
    pairs += [(state, f"{ground}-soft") for state in states for ground in states]
    pairs += [(tier, ground) for tier in ("gold", "silver", "bronze") for ground in ("bg", "surface")]

    faint = {pair: ratio for pair in pairs if (ratio := contrast(colour[pair[0]], colour[pair[1]])) < 4.5}

    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert faint == {}


def test_dark_scheme_gives_every_colour_anew() -> None:
    light, dark = colours("light"), colours("dark")
    assert {name for name in light if light[name] == dark[name]} == set()
