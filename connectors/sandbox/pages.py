"""Answers that come from a CDN in front of the venue instead of from the venue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><title>{title}</title><meta charset="utf-8"></head>
<body><h1>{title}</h1><p>{text}</p><p>Ray ID: 8f3c1d5e7a9b2c4d</p></body>
</html>
"""


def in_place_of_answer(faults: Faults, *, blocks_with_a_page: bool) -> web.Response | None:
    """The page that a fault puts in place of any answer, None where the venue may speak."""
    if (broken := faults.get("http_5xx")) is not None:
        return _page(
            broken["status"], f"{broken['status']}: Web server error", "The origin did not answer as it should."
        )
    if (html := faults.get("html")) is not None:
        return _page(html["status"], "Just a moment...", "Checking that your connection is secure.")
    limited = faults.get("rate_limit")
    if limited is not None and limited["by"] == "cdn":
        if blocks_with_a_page:
            return _page(429, "Error 1015", "You are being rate limited.")
        return web.Response(text="error code: 1015", status=429)
    return None


def _page(status: int, title: str, text: str) -> web.Response:
    return web.Response(text=_PAGE.format(title=title, text=text), status=status, content_type="text/html")
