"""The governance pages as documents: valid, safe, built for everyone, and without anything from elsewhere."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from registry.models import Poll
from tests.monitoring.test_page_markup import Nesting
from tests.registry.pages.test_governance_pages import PAGES, announce

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.slow(reason="the first test of the module loads eleven epochs")


@pytest.mark.parametrize("address", PAGES)
def test_page_needs_nothing_from_elsewhere_and_nothing_inline(client: Client, record: None, address: str) -> None:
    response = client.get(address)
    html = response.content.decode()

    loaded = re.findall(r'<(?:link|script|img|iframe|use)\b[^>]*?\b(?:href|src)="([^"]*)"', html)
    assert [url for url in loaded if not url.startswith(("/", "#"))] == []
    assert re.findall(r"<style\b|\sstyle=|\son\w+=|<script", html) == []
    assert response["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")


@pytest.mark.parametrize("address", PAGES)
def test_page_is_built_for_everyone(client: Client, record: None, address: str) -> None:
    announce(4, "changeset:4")
    html = client.get(address).content.decode()

    ids = re.findall(r'\bid="([^"]+)"', html)
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert len(ids) == len(set(ids))
    named = re.findall(r'\b(?:aria-labelledby|aria-describedby|for)="([^"]+)"', html)
    assert set(named + re.findall(r'\bhref="#([^"]+)"', html)) <= set(ids)
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert html.count("<table") == html.count("<caption")
    assert re.findall(r"<th(?![^>]*scope=)[ >]", html) == []
    assert re.findall(r"<svg(?![^>]*(?:aria-hidden|aria-label))", html) == []
    controls = re.findall(r'<(?:input|select)[^>]*\bid="([^"]+)"', html)
    assert set(controls) == set(re.findall(r'<label for="([^"]+)"', html))


@pytest.mark.parametrize("address", PAGES)
def test_every_element_is_closed_where_it_was_opened(client: Client, record: None, address: str) -> None:
    nesting = Nesting()
    nesting.feed(client.get(address).content.decode())
    assert (nesting.wrong, nesting.open) == ([], [])


@pytest.mark.parametrize(
    "address", ["/governance/", "/epochs/6/", "/bounties/", "/changes/", "/exchanges/kucoin/tier/"]
)
def test_navigation_says_where_one_is(client: Client, record: None, address: str) -> None:
    nav = re.search(r'<nav class="site".*?</nav>', client.get(address).content.decode(), flags=re.S)
    assert nav is not None
    assert re.findall(r"aria-current", nav[0]) == ["aria-current"]
    assert re.findall(r'href="([^"]+)"', nav[0]) == [
        "/",
        "/governance/",
        "/maintainers/",
        "/bounties/",
        "/drift/",
        "/changes/",
    ]


def test_what_a_poll_says_cannot_become_markup(client: Client, record: None) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    poll = Poll.objects.filter(epoch__number=13)[0]
    Poll.objects.filter(pk=poll.pk).update(title=hostile, warnings=[hostile], url="https://snapshot.org/?<b>")
    poll.choices.update(name=hostile, stated_votes="<i>1</i>")
    announce(11, "changeset:11", title=hostile, body=hostile)

    for address in ("/epochs/13/", "/changes/", "/changes/11/", "/exchanges/kucoin/tier/"):
        html = client.get(address).content.decode()
        assert re.findall(r"<script|<img|<b>|<i>", html) == []
