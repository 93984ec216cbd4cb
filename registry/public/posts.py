"""Announcements as HTML: their Markdown, rendered for feed readers, with nothing in it that could act."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML has no way to write them
WEB = re.compile(r"https?://", re.IGNORECASE)


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return WEB.match(url) is not None


_READER = _Reader("commonmark", {"html": False}).enable("table").disable("image")


def post_html(markdown: str) -> str:
    """HTML in the text is shown as text, pictures are not fetched, and links lead to web pages only."""
    html: str = _READER.render(without_controls(markdown))
    return html


def without_controls(text: str) -> str:
    return CONTROLS.sub("", text)
