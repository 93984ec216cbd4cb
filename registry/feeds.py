"""The Atom feed of what was announced: one entry per published message, each with an id that never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from registry.models import OutboxMessage
from registry.public.changes import published_messages
from registry.public.posts import post_html, without_controls

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.utils.xmlutils import SimplerXMLGenerator

    FeedBase = Feed[OutboxMessage, None]
else:
    FeedBase = Feed

ENTRIES = 50


def lasting_id(name: str) -> str:
    """The same for one name wherever the registry is served from: readers know an entry again after a move."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'bellwether:{name}')}"


class WholeEntries(Atom1Feed):
    """An entry holds all that was told, where Django's would have it for a summary."""

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        handler.addQuickElement("content", item["description"], {"type": "html"})
        super().add_item_elements(handler, item | {"description": None})


class ChangesFeed(FeedBase):
    feed_type = WholeEntries
    title = "Changes of the registry · Bellwether"
    subtitle = "What governance changed: tiers, and what stays in the release."
    feed_guid = lasting_id("changes.atom")
    author_name = "Bellwether"  # Atom wants one

    def link(self) -> str:
        return reverse("registry:changes")

    def feed_url(self) -> str:
        return reverse("registry:feed")

    def items(self) -> QuerySet[OutboxMessage]:
        return published_messages()[:ENTRIES]

    def item_title(self, item: OutboxMessage) -> str:
        return without_controls(item.title)

    def item_description(self, item: OutboxMessage) -> str:
        return post_html(item.body)

    def item_link(self, item: OutboxMessage) -> str:
        return reverse("registry:change", args=[item.changeset.serial])

    def item_guid(self, item: OutboxMessage) -> str:
        return lasting_id(item.key)

    def item_pubdate(self, item: OutboxMessage) -> datetime | None:
        return item.published_at

    def item_updateddate(self, item: OutboxMessage) -> datetime | None:
        return item.published_at
