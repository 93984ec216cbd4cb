"""What connector tests share: a sandbox Kraken, our connector pointed at it, and recorded payloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from connectors.kraken import Kraken
from connectors.sandbox import KrakenSandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAYLOADS = Path(__file__).parent.parent / "payloads" / "kraken"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _nonces_beside_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_NONCE_DIR", str(tmp_path / "nonces"))


@pytest.fixture
async def venue() -> AsyncIterator[KrakenSandbox]:
    """A fast market, so that no test waits for the next update."""
    async with KrakenSandbox(seed=11, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def kraken(venue: KrakenSandbox) -> AsyncIterator[Kraken]:
    async with Kraken(urls=venue.urls, credentials=venue.credentials) as connector:
        yield connector


class CannedServer:
    """A loopback HTTP server that answers each path with what a test put there, and keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, list[web.Response]] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    def put(self, path: str, body: bytes | str, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """One more answer for this path; the last one is repeated."""
        text = body if isinstance(body, bytes) else body.encode()
        given = {"Content-Type": "application/json"} | (headers or {})
        self.answers.setdefault(path, []).append(web.Response(status=status, body=text, headers=given))

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path_qs, dict(request.headers), await request.read()))
        answers = self.answers[request.path]
        chosen = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.Response(status=chosen.status, body=chosen.body, headers=chosen.headers)


@pytest.fixture
async def canned() -> AsyncIterator[CannedServer]:
    served = CannedServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", served.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()
