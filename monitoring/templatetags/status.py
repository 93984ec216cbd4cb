"""Times and words in templates: `{% load status %}`."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join

from monitoring import wording
from monitoring.bounty_drafts import build_path

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.utils.safestring import SafeString

    from registry.models import Component

register = template.Library()

ADDRESS = re.compile(r"(https?://[^\s<>()]*[^\s<>().,;:!?])")


@register.simple_tag
def moment(at: datetime, now: datetime) -> SafeString:
    """The time in UTC, and in words how far it lies from *now*."""
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time> <span class="ago">({})</span>',
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        wording.relative(at, now),
    )


@register.simple_tag
def ago(at: datetime, now: datetime) -> SafeString:
    """In words how far *at* lies from *now*, the exact time behind it."""
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        wording.relative(at, now),
    )


@register.simple_tag
def build_draft_path(component: Component) -> str:
    """Where the draft of a bounty to build it is, "" where none is offered."""
    return build_path(component)


@register.filter
def duration(milliseconds: float) -> str:
    return wording.duration(milliseconds)


@register.filter
def interval(length: timedelta) -> str:
    return wording.interval(length)


@register.filter
def span(length: timedelta) -> str:
    return wording.span(length)


@register.filter
def linked(text: str) -> SafeString:
    """The text with its addresses as links. Django's own urlize swallows the comma in `(https://example.org), and`."""
    parts = ADDRESS.split(text)  # plain text and addresses by turns
    links = [format_html('<a href="{0}">{0}</a>', address) for address in parts[1::2]]
    return format_html_join("", "{}{}", zip(parts[::2], [*links, ""], strict=True))


@register.filter
def paragraphs(text: str) -> list[str]:
    """What blank lines separate; how the lines were wrapped in their file does not matter."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]
