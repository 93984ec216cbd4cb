"""A Snapshot hub on loopback: GraphQL over real HTTP, with the limits, the manners and the failures of the real one.

Written after snapshot-labs/snapshot-hub:src/graphql/operations/votes.ts, src/graphql/helpers.ts (limits, `where`) and
src/helpers/rateLimit.ts; it shares no code with the importer.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

FIELDS = {
    "proposal": """id ipfs title body discussion choices labels start end snapshot state author created updated network
        symbol type plugins validation strategies quorum quorumType privacy link app scores scores_by_strategy
        scores_state scores_total scores_total_value scores_updated votes flagged space name params""",
    "votes": "id ipfs voter created space proposal choice metadata reason app vp vp_by_strategy vp_state",
}


@dataclass(frozen=True)
class Failure:
    """What the hub answers once instead of data."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    drops: bool = False
    delay_s: float = 0.0
    drips: bool = False  # a byte at a time, *delay_s* before each


TOO_MANY = Failure(429, b'{"error":"unauthorized","error_description":"too many requests"}', (("Retry-After", "0"),))
BAD_GATEWAY = Failure(502, b"<html><head><title>502 Bad Gateway</title></head><body></body></html>")
DROPPED = Failure(0, drops=True)


@dataclass
class SnapshotHub:
    """Enter it to start it. `failures` are spent first, one a request."""

    proposals: dict[str, dict[str, Any]] = field(default_factory=dict)
    votes: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    def add(self, document: dict[str, Any]) -> str:
        """Put in the poll and the votes of a saved answer; returns the poll's id."""
        proposal = document["data"]["proposal"]
        self.proposals[proposal["id"]] = proposal
        self.votes += [{**vote, "proposal": proposal["id"]} for vote in document["data"].get("votes", [])]
        return str(proposal["id"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/graphql"

    def __enter__(self) -> Self:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hub.keys.append(self.headers.get("x-api-key"))
                failure = hub.failures.pop(0) if hub.failures else None
                if failure is None:
                    status, content = hub.answer(body)
                    self._send(status, content, (("Content-Type", "application/json; charset=utf-8"),))
                elif failure.drops:
                    self.close_connection = True
                    self.connection.close()
                else:
                    time.sleep(0 if failure.drips else failure.delay_s)
                    drip_s = failure.delay_s if failure.drips else 0
                    self._send(failure.status, failure.body, failure.headers, drip_s=drip_s)

            def _send(
                self, status: int, content: bytes, headers: tuple[tuple[str, str], ...], *, drip_s: float = 0
            ) -> None:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                for part in [bytes([byte]) for byte in content] if drip_s else [content]:
                    time.sleep(drip_s)
                    self.wfile.write(part)

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client may hang up
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Errors of the query's text are HTTP 400; those of its arguments come with HTTP 200."""
        request = json.loads(body)
        self.requests.append(request)
        query, variables = request["query"], request.get("variables", {})
        unknown = [f"{name}.{word}" for name in FIELDS for word in self._words(query, name) - {*FIELDS[name].split()}]
        if unknown:
            return 400, json.dumps({"errors": [{"message": f"Cannot query field {unknown}"}]}).encode()
        data: dict[str, Any] = {}
        if wanted := self._words(query, "proposal"):
            found = self.proposals.get(variables["id"])
            data["proposal"] = found and {key: value for key, value in found.items() if key in wanted}
        if wanted := self._words(query, "votes"):
            for argument, limit in (("first", 1000), ("skip", 5000)):
                if variables.get(argument, 0) > limit:
                    message = f"The `{argument}` argument must not be greater than {limit}"
                    return 200, json.dumps({"errors": [{"message": message}], "data": {"votes": None}}).encode()
            data["votes"] = [
                {key: value for key, value in vote.items() if key in wanted} for vote in self._page(variables)
            ]
        content = json.dumps({"data": data}, separators=(",", ":")).encode()
        self.answers.append(content)
        return 200, content

    def _page(self, variables: dict[str, Any]) -> list[dict[str, Any]]:
        since = variables.get("since") or 0
        votes = [vote for vote in self.votes if vote["proposal"] == variables["id"] and vote["created"] >= since]
        votes.sort(key=lambda vote: (vote["created"], vote["id"]))
        skip = variables.get("skip", 0)
        return votes[skip : skip + variables.get("first", 20)]

    @staticmethod
    def _words(query: str, name: str) -> set[str]:
        """The fields that are selected of the query's `name(…) {…}`, those of nested objects among them."""
        found = re.search(rf"\b{name}\s*\(", query)
        if found is None:
            return set()
        after = query[query.index(")", query.index("(", found.start())) :]
        depth, words = 0, ""
        for char in after[after.index("{") :]:
            depth += {"{": 1, "}": -1}.get(char, 0)
            words += char
            if depth == 0:
                break
        return set(re.findall(r"\w+", words))
