"""A poll is fetched from a hub over real HTTP: whole, as its bytes came, and with patience."""

from __future__ import annotations

import copy
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
from pytest_django.fixtures import Settings as SettingsWrapper

from registry.choices import PollGroup, PollSource
from registry.importers.imported import MAX_BYTES, ImportedPoll
from registry.importers.snapshot import SnapshotUnavailable, fetch_snapshot
from registry.importers.snapshot import fetch as fetching
from tests.registry.importers.polls import PAYLOADS, SMALL, VOTE_ID, refusal
from tests.registry.importers.snapshot_hub import BAD_GATEWAY, DROPPED, TOO_MANY, Failure, SnapshotHub


@pytest.fixture
def hub() -> Iterator[SnapshotHub]:
    with SnapshotHub() as hub:
        yield hub


@pytest.fixture
def at_once() -> Iterator[None]:
    """Attempts follow each other without a pause; stamina counts them as ever."""
    with stamina.set_testing(True, attempts=fetching.ATTEMPTS):
        yield


def _fetch(hub: SnapshotHub, vote_id: str = VOTE_ID, **arguments: Any) -> ImportedPoll:
    return fetch_snapshot(vote_id, group=PollGroup.CEX, endpoint=hub.url, **arguments)


def test_a_poll_comes_with_its_votes_in_one_answer_that_is_kept_as_it_came(hub: SnapshotHub) -> None:
    hub.add(SMALL)

    poll = _fetch(hub)

    assert poll.content == hub.answers[0]
    assert len(hub.requests) == 1
    assert poll.recounted
    assert (poll.source, poll.origin) == (PollSource.SNAPSHOT_HTTP, hub.url)


@pytest.mark.parametrize("name", ["weighted", "quadratic"])
def test_real_shaped_polls_are_fetched_and_recounted(hub: SnapshotHub, name: str) -> None:
    vote_id = hub.add(json.loads((PAYLOADS / f"{name}.json").read_bytes()))

    poll = _fetch(hub, f"https://snapshot.box/#/s:hbot.eth/proposal/{vote_id}")

    assert poll.snapshot_id == vote_id
    assert poll.recounted


def test_votes_can_be_left_out(hub: SnapshotHub) -> None:
    hub.add(SMALL)

    poll = _fetch(hub, with_votes=False)

    assert not poll.recounted
    assert b"voter" not in poll.content


def _crowd(votes: int, *, a_second: int) -> dict[str, Any]:
    """The small poll with *votes* votes of 1 for Kraken, *a_second* of them in each second."""
    document = copy.deepcopy(SMALL)
    document["data"]["proposal"].update(scores=[0, votes, 0], scores_total=votes, votes=votes)
    document["data"]["votes"] = [
        {
            "id": f"{number:06}",
            "voter": f"0x{number}",
            "created": 1791187300 + number // a_second,
            "choice": {"2": 1},
            "vp": 1,
            "vp_state": "final",
        }
        for number in range(votes)
    ]
    return document


@pytest.mark.parametrize(
    ("a_second", "requests"),
    [
        (1, 3),  # each page begins with the last vote of the one before
        (300, 3),
        (2500, 4),  # all in one second: the cursor cannot move, so the pages are skipped through
    ],
)
def test_more_votes_than_a_page_holds_are_fetched_by_cursor(hub: SnapshotHub, a_second: int, requests: int) -> None:
    hub.add(_crowd(2500, a_second=a_second))

    poll = _fetch(hub)

    assert poll.recounted
    assert poll.voters == 2500
    assert len(hub.requests) == requests
    assert poll.content == b"[" + b",\n".join(hub.answers) + b"]"


def test_a_poll_with_exactly_one_full_page_of_votes_is_whole(hub: SnapshotHub) -> None:
    hub.add(_crowd(1000, a_second=1))

    assert _fetch(hub).recounted


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("failure", [TOO_MANY, BAD_GATEWAY, DROPPED])
def test_a_hub_that_is_busy_for_a_moment_is_asked_again(hub: SnapshotHub, failure: Failure) -> None:
    hub.add(SMALL)
    hub.failures += [failure] * 3

    assert _fetch(hub).recounted
    assert len(hub.keys) == 4


@pytest.mark.usefixtures("at_once")
def test_a_hub_that_stays_down_is_told_apart_from_a_poll_that_is_wrong(hub: SnapshotHub) -> None:
    hub.failures += [BAD_GATEWAY] * 9

    with pytest.raises(SnapshotUnavailable, match="HTTP 502: it is busy or down"):
        _fetch(hub)

    assert len(hub.keys) == fetching.ATTEMPTS


def test_a_wait_that_is_asked_for_is_kept(hub: SnapshotHub) -> None:
    hub.add(SMALL)
    hub.failures += [TOO_MANY]

    assert fetching._patience(_busy(0.0)) == 0.0  # and not stamina's own half second
    assert _fetch(hub).recounted


def test_a_longer_wait_than_a_person_has_is_told_at_once(hub: SnapshotHub) -> None:
    hub.failures += [Failure(429, b"{}", (("Retry-After", "3600"),))]

    with pytest.raises(SnapshotUnavailable, match="HTTP 429"):
        _fetch(hub)

    assert len(hub.keys) == 1


def _busy(seconds: float) -> Exception:
    error = fetching._Busy("busy")
    error.retry_after_s = seconds
    return error


@pytest.mark.usefixtures("at_once")
def test_a_hub_that_nobody_answers_for_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/graphql"

        with pytest.raises(SnapshotUnavailable, match=f"No answer from {url}"):
            fetch_snapshot(VOTE_ID, group=PollGroup.CEX, endpoint=url)


def test_a_vote_that_the_hub_does_not_know_is_refused(hub: SnapshotHub) -> None:
    assert refusal(lambda: _fetch(hub)) == ("The proposal is null: Snapshot knows no vote of this id.",)


def test_errors_that_come_with_status_200_are_refused(hub: SnapshotHub) -> None:
    hub.failures += [Failure(200, b'{"errors":[{"message":"request failed"}],"data":{"proposal":null}}')]

    assert refusal(lambda: _fetch(hub)) == ("Snapshot answered with an error: “request failed”.",)


def test_a_web_page_with_status_200_is_refused(hub: SnapshotHub) -> None:
    hub.failures += [Failure(200, b"<html>Just a moment</html>")]

    assert "It is not JSON" in refusal(lambda: _fetch(hub))[0]


def test_a_query_that_the_hub_refuses_is_told_in_its_words(hub: SnapshotHub) -> None:
    hub.failures += [Failure(400, b'{"errors":[{"message":"Cannot query\nfield"}]}')]

    with pytest.raises(SnapshotUnavailable, match=r"HTTP 400: .*Cannot query field"):
        _fetch(hub)


def test_nobody_is_followed_elsewhere(hub: SnapshotHub) -> None:
    with SnapshotHub() as elsewhere:
        elsewhere.add(SMALL)
        hub.failures += [Failure(307, b"", (("Location", elsewhere.url),))]

        with pytest.raises(SnapshotUnavailable, match=r"sends us on to .* set BELLWETHER_SNAPSHOT_URL"):
            _fetch(hub)

        assert elsewhere.requests == []


def test_another_poll_than_the_one_asked_for_is_refused(hub: SnapshotHub) -> None:
    other = "0x" + "cd" * 32
    hub.proposals[other] = SMALL["data"]["proposal"]

    assert refusal(lambda: _fetch(hub, other, with_votes=False)) == (
        f"Asked for {other}, and the answer is about {VOTE_ID}.",
    )


def test_a_huge_answer_is_cut_off(hub: SnapshotHub) -> None:
    hub.failures += [Failure(200, b" " * (MAX_BYTES + 1))]

    assert refusal(lambda: _fetch(hub)) == (
        "The answer has more than 5,242,880 bytes: fetch the poll without its votes.",
    )


def test_an_answer_that_is_compressed_unasked_is_not_unpacked(hub: SnapshotHub) -> None:
    hub.failures += [Failure(200, b"\x1f\x8b", (("Content-Encoding", "gzip"),))]

    with pytest.raises(SnapshotUnavailable, match="sends compressed"):
        _fetch(hub)


@pytest.mark.usefixtures("at_once")
def test_a_hub_that_keeps_us_waiting_is_given_up(hub: SnapshotHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "ATTEMPT_TIMEOUT_S", 0.05)
    hub.failures += [Failure(200, b"{}", delay_s=0.2)] * fetching.ATTEMPTS

    with pytest.raises(SnapshotUnavailable, match="No answer from"):
        _fetch(hub)


def test_an_answer_that_never_ends_is_given_up(hub: SnapshotHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_TIMEOUT_S", 0.1)
    hub.failures += [Failure(200, b" " * 40, delay_s=0.01, drips=True)]

    with pytest.raises(SnapshotUnavailable, match=r"did not answer in full within 0\.1 s"):
        _fetch(hub)


def test_an_endpoint_with_a_password_is_refused_untold() -> None:
    with pytest.raises(SnapshotUnavailable, match="holds a password") as refused:
        fetch_snapshot(VOTE_ID, group=PollGroup.CEX, endpoint="https://me:made-up@hub.example/graphql")

    assert "made-up" not in str(refused.value)


def test_the_endpoint_and_the_key_come_from_the_settings_and_the_key_is_never_told(
    hub: SnapshotHub, settings: SettingsWrapper, caplog: pytest.LogCaptureFixture
) -> None:
    hub.add(SMALL)
    hub.failures += [TOO_MANY, Failure(400, b"no")]
    settings.SNAPSHOT_URL, settings.SNAPSHOT_API_KEY = hub.url, "made-up-key"

    with caplog.at_level(logging.DEBUG), pytest.raises(SnapshotUnavailable) as refused:
        fetch_snapshot(VOTE_ID, group=PollGroup.CEX)

    assert hub.keys == ["made-up-key", "made-up-key"]
    assert "made-up-key" not in str(refused.value)
    assert "made-up-key" not in caplog.text


def test_without_a_key_none_is_sent(hub: SnapshotHub) -> None:
    hub.add(SMALL)

    _fetch(hub)

    assert hub.keys == [None]


def test_a_key_that_no_header_can_hold_is_refused_untold(settings: SettingsWrapper) -> None:
    settings.SNAPSHOT_API_KEY = "bröken\n"

    with pytest.raises(SnapshotUnavailable, match="set it anew") as refused:
        fetch_snapshot(VOTE_ID, group=PollGroup.CEX, endpoint="http://127.0.0.1:9/")

    assert "bröken" not in str(refused.value)


@pytest.mark.parametrize("endpoint", ["hub.example", "ftp://hub.example/", "http://", "http://[", "http://a b/"])
def test_an_endpoint_that_is_no_address_is_named(endpoint: str) -> None:
    with pytest.raises(SnapshotUnavailable, match="is no address of a Snapshot hub: write it like https://"):
        fetch_snapshot(VOTE_ID, group=PollGroup.CEX, endpoint=endpoint)


@pytest.mark.parametrize(
    "vote_id", ["0x12", "", "https://snapshot.org/#/hbot.eth/proposal/0x12", "https://example.org/"]
)
def test_what_is_no_vote_id_is_asked_of_nobody(hub: SnapshotHub, vote_id: str) -> None:
    assert len(refusal(lambda: _fetch(hub, vote_id))) == 1
    assert hub.requests == []
