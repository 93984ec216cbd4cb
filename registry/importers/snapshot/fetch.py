"""Asks a Snapshot hub for a poll. The answer is evidence: its bytes are kept as received, then read like a file's."""

from __future__ import annotations

import json
import re
import time
from typing import Any, NamedTuple

import httpx
import stamina
from django.conf import settings

from registry.choices import PollGroup, PollSource
from registry.errors import RegistryError
from registry.governance.links import parse_proposal_link, parse_vote_id
from registry.importers.imported import MAX_BYTES, ImportedPoll, ImportRefused
from registry.importers.snapshot.fields import Malformed, strict_json
from registry.importers.snapshot.read import read_snapshot

EXAMPLE = "https://hub.snapshot.org/graphql"

HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:]+")
"""A name, or an address of either version."""

VOTES_A_PAGE = 1000
"""The most that the hub gives at once."""

PROPOSAL_FIELDS = """id ipfs title type state start end snapshot network symbol choices scores scores_total
    scores_by_strategy scores_state scores_updated votes quorum quorumType privacy strategies { name network params }
    space { id } author flagged link"""
VOTE_FIELDS = "id voter created choice vp vp_state"

PROPOSAL_QUERY = f"query ($id: String!) {{ proposal(id: $id) {{ {PROPOSAL_FIELDS} }} }}"
VOTES_ARGUMENTS = """(first: $first, skip: $skip, orderBy: "created", orderDirection: asc,
    where: {proposal: $id, created_gte: $since})"""
BOTH_QUERY = f"""query ($id: String!, $first: Int!, $skip: Int!, $since: Int!) {{
    proposal(id: $id) {{ {PROPOSAL_FIELDS} }} votes{VOTES_ARGUMENTS} {{ {VOTE_FIELDS} }} }}"""
VOTES_QUERY = f"""query ($id: String!, $first: Int!, $skip: Int!, $since: Int!) {{
    votes{VOTES_ARGUMENTS} {{ {VOTE_FIELDS} }} }}"""

ATTEMPTS = 4
ATTEMPT_TIMEOUT_S = 20.0
TOTAL_TIMEOUT_S = 60.0
RETRY_WAIT_S = 0.5
"""Before the second attempt, doubling, with as much again at random."""

LONGEST_PAUSE_S = 30.0
"""Of what the hub may ask for by Retry-After: somebody waits for the page."""


class SnapshotUnavailable(RegistryError):
    """The hub gave no answer that can be read. Nothing is known of the poll: try later, or import a saved file."""


class _Busy(SnapshotUnavailable):
    """Worth another attempt, after `retry_after_s` where the hub says."""

    retry_after_s: float | None = None


def fetch_snapshot(
    vote_id: str, *, group: PollGroup, endpoint: str | None = None, with_votes: bool = True
) -> ImportedPoll:
    """The closed poll *vote_id*, which may be written as any printed link, with the votes from which it is recounted.

    Up to 1,000 votes are in the one answer that is kept; where there are more, the answers are kept as a JSON list,
    each byte for byte. Takes up to a minute: call it outside of any transaction.
    Raises ImportRefused and SnapshotUnavailable.
    """
    endpoint = endpoint or settings.SNAPSHOT_URL
    try:
        wanted = parse_proposal_link(vote_id).id if "/" in vote_id else parse_vote_id(vote_id)
    except ValueError as error:
        raise ImportRefused([f"{error}."]) from error
    with _Hub(endpoint, key=settings.SNAPSHOT_API_KEY) as hub:
        answers = hub.answers(wanted, with_votes=with_votes)
    content = answers[0] if len(answers) == 1 else b"[" + b",\n".join(answers) + b"]"
    poll = read_snapshot(content, group=group, origin=endpoint, source=PollSource.SNAPSHOT_HTTP)
    if poll.snapshot_id != wanted:
        raise ImportRefused([f"Asked for {wanted}, and the answer is about {poll.snapshot_id}."], origin=endpoint)
    return poll


class _Cursor(NamedTuple):
    """Where a page of votes begins: at a second, after *skip* votes of it and later. Many may share a second."""

    since: int = 0
    skip: int = 0


class _Hub:
    """One conversation with a hub, under one deadline."""

    def __init__(self, endpoint: str, *, key: str = "") -> None:
        self.endpoint = _checked(endpoint)
        headers = {"User-Agent": "bellwether", "Accept": "application/json", "Accept-Encoding": "identity"}
        if key:
            if not (key.isascii() and key.isprintable()):
                raise SnapshotUnavailable("The API key for Snapshot holds characters that no header may: set it anew.")
            headers["x-api-key"] = key
        self._client = httpx.Client(headers=headers, timeout=ATTEMPT_TIMEOUT_S, follow_redirects=False)
        self._deadline = time.monotonic() + TOTAL_TIMEOUT_S
        self._bytes_left = MAX_BYTES

    def __enter__(self) -> _Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def answers(self, vote_id: str, *, with_votes: bool) -> list[bytes]:
        """The answers as received: one, and one more for each further page of votes."""
        if not with_votes:
            return [self._ask(PROPOSAL_QUERY, {"id": vote_id})]
        cursor: _Cursor | None = _Cursor()
        answers: list[bytes] = []
        while cursor is not None:
            variables = {"id": vote_id, "first": VOTES_A_PAGE, "skip": cursor.skip, "since": cursor.since}
            answers.append(self._ask(VOTES_QUERY if answers else BOTH_QUERY, variables))
            cursor = _next_page(answers[-1], cursor)
        return answers

    def _ask(self, query: str, variables: dict[str, Any]) -> bytes:
        body = json.dumps({"query": query, "variables": variables}).encode()
        for attempt in stamina.retry_context(
            on=_patience,
            attempts=ATTEMPTS,
            timeout=self._seconds_left(),
            wait_initial=RETRY_WAIT_S,
            wait_jitter=RETRY_WAIT_S,
        ):
            with attempt:
                content = self._post(body)
        self._bytes_left -= len(content)
        return content

    def _post(self, body: bytes) -> bytes:
        """The body of the answer. Raises _Busy, SnapshotUnavailable, ImportRefused."""
        try:
            with self._client.stream(
                "POST", self.endpoint, content=body, headers={"Content-Type": "application/json"}
            ) as response:
                content = self._read(response)
        except httpx.LocalProtocolError:  # its text may quote a header, and one of them holds the key
            raise SnapshotUnavailable("The request to Snapshot is none that HTTP allows.") from None
        except httpx.HTTPError as error:
            raise _Busy(f"No answer from {self.endpoint}: {str(error) or type(error).__name__}.") from error
        if response.status_code != httpx.codes.OK:
            raise self._error_of(response, content)
        return content

    def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise SnapshotUnavailable(f"{self.endpoint} sends compressed what was asked for plain.")
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > self._bytes_left:
                raise ImportRefused(
                    [f"The answer has more than {MAX_BYTES:,} bytes: fetch the poll without its votes."],
                    origin=self.endpoint,
                )
            if self._seconds_left() <= 0:
                raise SnapshotUnavailable(f"{self.endpoint} did not answer in full within {TOTAL_TIMEOUT_S:g} s.")
        return bytes(content)

    def _error_of(self, response: httpx.Response, content: bytes) -> SnapshotUnavailable:
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            busy = _Busy(f"{self.endpoint} answers with HTTP {status}: it is busy or down. Try later.")
            seconds = response.headers.get("Retry-After", "")
            busy.retry_after_s = float(seconds) if seconds.isascii() and seconds.isdigit() else None
            return busy
        if response.has_redirect_location:
            return SnapshotUnavailable(
                f"{self.endpoint} sends us on to {response.headers['Location']}, and we do not follow: "
                "if that is right, set BELLWETHER_SNAPSHOT_URL to it."
            )
        said = re.sub(r"\s+", " ", content[:200].decode("utf-8", "replace"))
        return SnapshotUnavailable(f"{self.endpoint} answers with HTTP {status}: {said}")

    def _seconds_left(self) -> float:
        return self._deadline - time.monotonic()


def _checked(endpoint: str) -> str:
    """An HTTP address, fit to be shown: it becomes the origin of what is fetched from it."""
    try:
        url = httpx.URL(endpoint)
        is_address = url.scheme in {"http", "https"} and HOST.fullmatch(url.host) is not None
    except (httpx.InvalidURL, ValueError):
        is_address = False
    if not is_address:
        raise SnapshotUnavailable(f"{endpoint!r} is no address of a Snapshot hub: write it like {EXAMPLE}.")
    if url.userinfo:
        raise SnapshotUnavailable("The address of the Snapshot hub holds a password: write it without one.")
    if url.query or url.fragment:  # it is shown and kept as the origin, and hubs take a key there as well
        raise SnapshotUnavailable(
            "The address of the Snapshot hub holds more than a path: write it without ? and #, "
            "and a key into BELLWETHER_SNAPSHOT_KEY."
        )
    return endpoint


def _patience(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds. A longer wait than ours to give is for a person to sit out."""
    if not isinstance(error, _Busy):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= LONGEST_PAUSE_S else False


def _next_page(answer: bytes, cursor: _Cursor) -> _Cursor | None:
    """None after the last page. An answer that cannot be read is the last one, too: `read_snapshot` says why."""
    try:
        votes = strict_json(answer.decode())["data"]["votes"]
        if len(votes) < VOTES_A_PAGE:
            return None
        last = votes[-1]["created"]
    except (Malformed, UnicodeDecodeError, KeyError, TypeError, IndexError):
        return None
    if not isinstance(last, int) or last < cursor.since:
        return None
    return _Cursor(last, cursor.skip + VOTES_A_PAGE) if last == cursor.since else _Cursor(last)
