"""What one line of a page says: its label, its words and its links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from registry.importers.pages.blocks import Link, Text
from registry.importers.pages.words import key, says_nothing

SITE = "https://hummingbot.org"
SEARCHES = ("https://www.google.com/search?q=", "http://www.google.com/search?q=")
"""Some links were pasted through a search engine, which put itself before the address."""

WRAPPED = "<>()[]`*.,;\"'"
JOINERS = frozenset(("and", "or", "via", "see", "here", "link"))


@dataclass(frozen=True, slots=True)
class Value:
    """`- **Label**: words <url>`."""

    line: int
    label: str
    words: str  # all that stands behind the label
    urls: tuple[str, ...]
    source: Text

    @property
    def is_nothing(self) -> bool:
        return not self.urls and says_nothing(self.words)

    @property
    def remark(self) -> str:
        """The words that are neither an address nor a link's own text; "" where they say nothing."""
        rest = self.words
        for link in self.source.links:
            rest = rest.replace(link.text, " ", 1)
        said = [word for word in rest.split() if not _is_address(word.strip(WRAPPED))]
        return " ".join(said) if any(key(word) and word.casefold() not in JOINERS for word in said) else ""


def value_of(text: Text) -> Value:
    """The line's label and value. One without a colon is a label alone, as `[Folder](url)`."""
    bold = text.bold
    if bold and text.text.startswith(bold) and key(bold):
        label, _, inside = bold.partition(":")
        behind = f"{inside} {text.text[len(bold) :]}".strip().removeprefix(":").strip()
    else:
        label, behind = _split(text.text)
    return Value(text.line, label.strip(), behind, tuple(dict.fromkeys(urls_of(text))), text)


def _split(text: str) -> tuple[str, str]:
    """At the first colon that is no part of an address."""
    at = text.find(":")
    while at >= 0 and text.startswith("//", at + 1):
        at = text.find(":", at + 1)
    return (text, "") if at < 0 else (text[:at], text[at + 1 :].strip())


def urls_of(text: Text) -> Iterator[str]:
    """The addresses that a line links to or prints, in order; links within the site are written out."""
    shown = [link.text for link in text.links]
    for link in text.links:
        if url := address(link):
            yield url
    for word in text.text.split():
        bare = word[max(word.find("http"), 0) :].strip(WRAPPED)  # some follow a bracket that nobody opened
        if _is_address(bare) and not any(bare in name for name in shown):
            yield bare


def address(link: Link) -> str:
    """Where a link leads; "" where that depends on where the page lies, or is no place on the web."""
    url = link.url
    for search in SEARCHES:
        if url.startswith(search) and _is_address(link.text) and url.removeprefix(search) == link.text:
            return link.text
    if url.startswith("/") and not url.startswith("//"):
        return SITE + url
    return url if _is_address(url) else ""


def _is_address(word: str) -> bool:
    return word.startswith(("https://", "http://")) and len(word) > len("https://") and word.isprintable()


def commands_in(text: Text) -> Iterator[str]:
    """The ids of `connect kucoin` and `gateway connect uniswap`, in code or, with an underscore, in plain words."""
    for code in text.codes:
        said = code.split()
        if "connect" in said[:2] and said[-1] != "connect":
            yield said[said.index("connect") + 1]
    said = text.text.split()
    for before, word in pairwise(said):
        name = word.strip(WRAPPED + ":")
        if before.strip("`") == "connect" and "_" in name and name not in text.codes:
            yield name
