"""The part of a page that is generated, between two marks; what people wrote around it is theirs, byte by byte."""

from __future__ import annotations

import re

from registry.errors import RegistryError

BEGIN = "<!-- bellwether:begin -->"
END = "<!-- bellwether:end -->"

MARK = re.compile(
    rb"^(?:\xef\xbb\xbf)?[ ]{0,3}(" + re.escape(BEGIN).encode() + rb"|" + re.escape(END).encode() + rb")[ \t]*\r?$",
    re.MULTILINE,
)
"""On a line of its own, behind a byte order mark too. Set in by four it is code: an example that shows the marks."""


class BlockRefused(RegistryError):
    """There is no one place in the page where the generated part belongs; its text says what to do."""


def new_page(name: str, block: str) -> bytes:
    """A page of which everything but the title is generated. *name* is Markdown."""
    return f"# {name}\n\n{BEGIN}\n{block}{END}\n".encode()


def with_block(existing: bytes, block: str) -> bytes:
    """*existing* with *block* in place of what stands between the marks, in the line ends that the page has.

    Raises BlockRefused where the marks are not there, or not once each in their order.
    """
    marks = list(MARK.finditer(existing))
    found = [mark[1].decode() for mark in marks]
    if not found:
        raise BlockRefused(
            f"it has no generated part: put {BEGIN} and {END} on lines of their own where that belongs, "
            "and take away what it replaces"
        )
    if found != [BEGIN, END]:
        raise BlockRefused(f"its marks are {', '.join(found)}: there must be one {BEGIN} and below it one {END}")
    begin, end = marks
    newline = b"\r\n" if existing.count(b"\r\n") * 2 > existing.count(b"\n") else b"\n"
    inner = block.encode().replace(b"\n", newline)
    return existing[: begin.end()] + b"\n" + inner + existing[end.start() :]
