"""The Atom feed: what readers of feeds need of it, and what an announcement cannot do in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from registry.choices import ChangesetKind
from registry.models import Changeset, Epoch, OutboxMessage, Plan
from registry.public.posts import post_html

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from django.test import Client

ATOM = "{http://www.w3.org/2005/Atom}"
MAY, JUNE = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def change(db: None) -> Changeset:
    epoch = Epoch.objects.create(number=14)
    plan = Plan.objects.create(epoch=epoch, kind="apply", hash="a" * 64, document={}, planned_by="ada", base="b" * 64)
    return Changeset.objects.create(
        serial=1,
        kind=ChangesetKind.APPLY,
        epoch=epoch,
        plan=plan,
        effective_from=MAY.date(),
        applied_by="ada",
        applied_at=MAY,
    )


def tell(change: Changeset, key: str, at: datetime | None, **fields: str) -> OutboxMessage:
    plain = {"title": "Epoch 14: 1 promoted", "body": "# Epoch 14"}
    return OutboxMessage.objects.create(changeset=change, key=key, created_at=MAY, published_at=at, **(plain | fields))


def feed_of(client: Client, host: str = "testserver") -> Element:
    response = client.get("/changes.atom", headers={"host": host})
    assert response["Content-Type"].startswith("application/atom+xml")
    return ElementTree.fromstring(response.content)  # noqa: S314 -- our own bytes


def test_feed_has_all_that_atom_asks_for(client: Client, change: Changeset) -> None:
    tell(change, "changeset:1", MAY)
    tell(change, "withdrawn:1", JUNE, title="Epoch 14 tiers withdrawn")
    tell(change, "changeset:2", None, title="Withheld")
    feed = feed_of(client)
    entries = feed.findall(f"{ATOM}entry")

    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Bellwether"
    assert feed.findtext(f"{ATOM}updated") == "2026-06-01T12:00:00+00:00"
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Epoch 14 tiers withdrawn", "Epoch 14: 1 promoted"]
    assert [entry.findtext(f"{ATOM}updated") for entry in entries] == [
        "2026-06-01T12:00:00+00:00",
        "2026-05-01T12:00:00+00:00",
    ]
    ids = [part.text for part in feed.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids)) == 3
    assert {link.attrib["href"] for entry in entries for link in entry.iter(f"{ATOM}link")} == {
        "http://testserver/changes/1/"
    }


def test_ids_stay_the_same_wherever_the_registry_is_served_from(client: Client, change: Changeset) -> None:
    tell(change, "changeset:1", MAY)
    here, elsewhere = feed_of(client), feed_of(client, "localhost")
    assert [part.text for part in here.iter(f"{ATOM}id")] == [part.text for part in elsewhere.iter(f"{ATOM}id")]
    assert here.findtext(f"{ATOM}entry/{ATOM}id") == "urn:uuid:c7dda7e7-34d8-510f-a4db-e538d3829832"


def test_entry_is_the_announcement_as_html(client: Client, change: Changeset) -> None:
    tell(change, "changeset:1", MAY, body="# Epoch 14\n\n| Exchange | Votes |\n| --- | ---: |\n| A\\|B | 300,000 |\n")
    content = feed_of(client).find(f"{ATOM}entry/{ATOM}content")
    assert content is not None
    assert content.attrib == {"type": "html"}
    assert "<h1>Epoch 14</h1>" in (content.text or "")
    assert "<td>A|B</td>" in (content.text or "")


def test_what_xml_cannot_say_does_not_break_the_feed(client: Client, change: Changeset) -> None:
    tell(change, "changeset:1", MAY, title="Bell\x07", body="Reason: bell\x07 and\x1b[31m red, ]]> & <b>")
    content = feed_of(client).findtext(f"{ATOM}entry/{ATOM}content")
    assert content == "<p>Reason: bell and[31m red, ]]&gt; &amp; &lt;b&gt;</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](vbscript:x)",
        "[a](/admin/logout/)",
        "[a](//elsewhere.example)",
        "<javascript:alert(1)>",
        "![a](https://tracker.example/dot.png)",
        '[a](https://a.example/"onmouseover="alert(1))',
    ],
)
def test_announcement_cannot_act_in_a_reader(text: str) -> None:
    html = post_html(text)
    assert not any(part in html for part in ("<script", "<img", 'href="/', 'href="javascript', 'href="data', '"on'))


def test_links_to_the_web_stay(db: None) -> None:
    assert post_html("[CEX](<https://snapshot.org/#/a>)") == '<p><a href="https://snapshot.org/#/a">CEX</a></p>\n'
