"""A Snapshot answer is a poll's result, or is refused with every reason at once."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.choices import PollGroup, PollSource, Voting
from registry.governance.tallies import Votes
from registry.importers.imported import MAX_BYTES, ImportedPoll, ImportRefused
from tests.registry.importers.polls import PAYLOADS, SMALL, VOTE_ID, outcome, read, refusal, small, with_proposal

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def test_a_closed_poll_is_read_with_its_bytes_and_its_exact_scores() -> None:
    content = small()

    poll = read(content)

    assert [(tally.index, tally.name, tally.votes) for tally in poll.result.tallies] == [
        (1, "Binance", Votes(Decimal("250.5"))),
        (2, "Kraken", Votes(Decimal(100))),
        (3, "KuCoin", Votes(Decimal("49.5"))),
    ]
    assert poll.result.group is PollGroup.CEX
    assert poll.result.voting is Voting.WEIGHTED
    assert poll.result.total == Votes(Decimal(400))
    assert (poll.snapshot_id, poll.space) == (VOTE_ID, "hbot.eth")
    assert poll.url == f"https://snapshot.org/#/hbot.eth/proposal/{VOTE_ID}"
    assert poll.opened_at == datetime(2026, 10, 5, 8, tzinfo=UTC)
    assert poll.closed_at == datetime(2026, 10, 12, 8, tzinfo=UTC)
    assert (poll.voters, poll.recounted, poll.warnings) == (2, True, ())
    assert (poll.source, poll.origin, poll.title) == (PollSource.SNAPSHOT_FILE, "poll.json", "A small poll")
    assert poll.content == content
    assert poll.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(("name", "voting"), [("weighted", Voting.WEIGHTED), ("quadratic", Voting.QUADRATIC)])
def test_a_whole_answer_is_recounted_from_its_votes(name: str, voting: Voting) -> None:
    poll = read((PAYLOADS / f"{name}.json").read_bytes())

    assert poll.result.voting is voting
    assert poll.recounted
    assert len(poll.result.tallies) == 18


@pytest.mark.parametrize("name", ["cex", "dex", "chain"])
def test_the_documentations_examples_can_be_imported_and_say_that_they_are_invented(name: str) -> None:
    content = (EXAMPLES / f"epoch-14-{name}.json").read_bytes()

    poll = read(content, PollGroup(name))

    assert poll.recounted
    assert poll.warnings == ()
    assert "invented example" in poll.title
    assert b"INVENTED EXAMPLE, NOT A VOTE" in content


def test_scores_keep_every_digit_that_is_written() -> None:
    poll = read(
        with_proposal(scores=[1], scores_total=1, choices=["Kraken"]).replace(b"[1]", b"[1.000000000000000001]")
    )

    assert poll.result.tallies[0].votes == Votes(Decimal("1.000000000000000001"))


def test_fields_that_are_not_known_are_left_alone() -> None:
    assert read(with_proposal(new_field={"of": ["a", "later", "year"]})).voters == 2


def test_a_byte_order_mark_is_no_part_of_the_answer() -> None:
    assert read(b"\xef\xbb\xbf" + small()).snapshot_id == VOTE_ID


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "active"}, "The poll is not closed: its state is “active”"),
        ({"scores_state": "pending"}, "The scores are not final: scores_state is “pending”"),
        ({"scores_state": None}, "proposal.scores_state is missing"),
        ({"scores_state": ""}, "proposal.scores_state is empty"),
        ({"state": ""}, "proposal.state is empty"),
        ({"type": " "}, "proposal.type is empty"),
        ({"id": ""}, "proposal.id is empty"),
        ({"space": {"id": ""}}, "proposal.space.id is empty"),
        ({"title": ""}, "proposal.title is empty"),
        ({"title": "A poll\x0b of \x08 ours"}, "proposal.title holds characters that are no text"),
        ({"scores": [250.5, 149.5]}, "There are 3 choices and 2 scores"),
        ({"scores": [250.5, 100, 49]}, "The scores add up to 399.5, and scores_total says 400"),
        ({"scores_total": 500}, "The scores add up to 400, and scores_total says 500"),
        ({"scores": [-1, 351.5, 49.5]}, "the score of choice 1 is negative"),
        ({"scores": ["250.5", 100, 49.5]}, "the score of choice 1 is text, not a number"),
        ({"scores": [True, 100, 49.5]}, "the score of choice 1 is true or false, not a number"),
        ({"scores": None}, "proposal.scores is missing"),
        ({"scores": [1e30, 100, 49.5]}, "the score of choice 1 is larger than any number of votes"),
        ({"choices": ["Gate.io", "Kraken", "gate_io"]}, "Choices 1 and 3: “Gate.io” and “gate_io” are one name"),
        ({"choices": ["Binance", "Kraken", "🥇"]}, "Choice 3: “🥇” has no letter and no digit"),
        ({"choices": ["Binance", "Kraken", "K" * 121]}, "is longer than 120 characters"),
        ({"choices": ["Binance", "Kraken", "K\ud800"]}, "holds characters that are no text"),
        ({"choices": ["Binance", "Kraken", "Ku\x07Coin"]}, "holds characters that are no text"),
        ({"choices": ["Binance", "Kraken", "\u202enioCuK"]}, "holds characters that are no text"),
        ({"choices": ["Binance", "Kraken", 3]}, "proposal.choices holds something that is no text"),
        (
            {"choices": ["Kraken"] * 1001, "scores": [0] * 1001, "scores_total": 0},
            "There are 1,001 choices, and a poll has at most 1,000",
        ),
        ({"choices": [], "scores": [], "scores_total": 0}, "There are no choices"),
        ({"id": "0x12"}, "proposal.id: the vote id “0x12” has 2 hex digits"),
        ({"type": "ranked-choice"}, "polls of the type “ranked-choice” are not read; known: single-choice, weighted"),
        ({"end": 1791792000000}, "proposal.end is no time in seconds"),
        ({"end": 1791187200}, "It closed at 2026-10-05 08:00 UTC, before it opened"),
        ({"space": None}, "proposal.space.id is missing"),
        ({"space": {"id": "hbot"}}, "“hbot” is no name of a space"),
        ({"title": 7}, "proposal.title is a number, not text"),
        ({"title": "\ud800"}, "proposal.title holds characters that are no text"),
        ({"quorum": "half"}, "proposal.quorum is text, not a number"),
        ({"choices": "Binance"}, "proposal.choices is text, not a list"),
        ({"votes": "many"}, "proposal.votes is not a whole number"),
    ],
)
def test_what_is_no_result_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    problems = refusal(lambda: read(with_proposal(**changes)))

    assert len(problems) == 1
    assert reason in problems[0]


def test_all_problems_are_told_at_once() -> None:
    problems = refusal(lambda: read(with_proposal(state="active", scores_state="invalid", scores=[1, 2], id="x")))

    assert len(problems) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "It is empty"),
        (b"{", "It is not JSON"),
        (b"[]", "It holds no proposal"),
        (b"7", "It is no answer of Snapshot's"),
        (b'{"proposal": {}}', 'It holds no "data" object'),
        (b'{"data": {"proposal": null}}', "The proposal is null: Snapshot knows no vote of this id"),
        (b'{"data": {"proposal": 7}}', "The proposal is no object"),
        (b'{"errors": [{"message": "PGRST: down"}], "data": null}', "Snapshot answered with an error: “PGRST: down”"),
        (b'{"data": {}, "data": {}}', "The key “data” stands twice"),
        (b'{"data": {"proposal": {"scores": [NaN]}}}', "It holds NaN"),
        (b'{"data": {"proposal": {"scores": [-Infinity]}}}', "It holds -Infinity"),
        (b'{"data": ' + b"9" * 5000 + b"}", "It holds a number that cannot be read"),
        (b'{"data": 1e99999999999999999999}', "It holds a number that cannot be read"),
        (b"[" * 100_000, "nested too deeply"),
        ("{}".encode("utf-16"), "It is not UTF-8 text"),
        (b"{}\0", "It holds NUL characters"),
        (b" " * (MAX_BYTES + 1), "more than 5,242,880 are not read"),
        (b"<html>502</html>", "It is not JSON"),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    problems = refusal(lambda: read(content))

    assert len(problems) == 1
    assert reason in problems[0]


def _vote(data: dict[str, Any], **changes: Any) -> None:
    data["votes"][1].update(changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vp": 98}, "The votes carry 399 in all, and scores_total says 400"),
        ({"choice": {"1": 1}}, "Choice 1, “Binance”: the votes add up to 324.75, and scores says 250.5"),
        ({"choice": {"4": 1}}, "Vote 2 names choice 4, and the poll has choices 1 to 3"),
        ({"choice": {"0": 1}}, "Vote 2 names choice 0"),
        ({"choice": {"one": 1}}, "Vote 2 names choice “one”"),
        ({"choice": {"1": 1, "01": 1}}, "Vote 2 names choice 1 twice"),
        ({"choice": {"1": -1}}, "Vote 2 gives choice 1 a weight that is negative"),
        ({"choice": {}}, "Vote 2 gives no choice any weight"),
        ({"choice": 2}, "Vote 2 has a choice that is no map from index to weight"),
        ({"choice": {"1": "half"}}, "Vote 2 gives choice 1 a weight that is text, not a number"),
        ({"vp": None}, "Vote 2 has a voting power (vp) that is null, not a number"),
        ({"vp_state": "pending"}, "Vote 2 has a voting power that is not final"),
        ({"vp_state": []}, "Vote 2 has a voting power that is not final: vp_state is “[]”"),
        ({"voter": ["0x1"]}, "Vote 2 has a voter that is no text"),
        ({"id": 2}, "Vote 2 has an id that is no text"),
        ({"id": "a"}, "Vote 2 has the same id as an earlier one"),
        ({"voter": "0X1"}, "Vote 2 has the same voter as an earlier one"),
        ({"proposal": {"id": "0x" + "0" * 64}}, "Vote 2 belongs to another proposal"),
    ],
)
def test_votes_that_do_not_show_the_scores_are_refused(changes: dict[str, Any], reason: str) -> None:
    problems = refusal(lambda: read(small(lambda data: _vote(data, **changes))))

    assert reason in problems[0]


def test_a_truncated_list_of_votes_is_refused_with_the_remedy() -> None:
    problems = refusal(lambda: read(small(lambda data: data["votes"].pop())))

    assert problems == (
        "It holds 1 of 2 votes, and a recount needs all of them: fetch the rest by cursor "
        "(votes ordered by created, created_gte the last one's), or leave the votes out.",
    )


@pytest.mark.parametrize(
    ("votes", "reason"),
    [
        ({"a": 1}, "The votes are no list."),
        ([1, 2], "Vote 1 is no object."),
    ],
)
def test_what_is_no_list_of_votes_is_refused(votes: Any, reason: str) -> None:
    assert refusal(lambda: read(small(lambda data: data.update(votes=votes))))[0] == reason


def test_an_approval_that_names_a_choice_twice_is_refused() -> None:
    def approve(data: dict[str, Any]) -> None:
        data["proposal"].update(type="approval", scores=[301, 0, 0])
        data["votes"][0]["choice"], data["votes"][1]["choice"] = [1, 1], 2

    assert refusal(lambda: read(small(approve))) == (
        "Vote 1 names one choice twice.",
        "Vote 2 has a choice that is no list of indexes, such as [1, 3].",
    )


def test_what_floating_point_writes_beyond_hbots_decimals_is_rounded_off() -> None:
    content = with_proposal(scores=[1], scores_total=1, choices=["Kraken"]).replace(b"[1]", b"[1.0000000000000000004]")

    assert read(content).result.tallies[0].votes == Votes(Decimal("1.000000000000000000"))


def test_more_votes_than_were_cast_are_refused() -> None:
    extra = {"id": "c", "voter": "0x3", "choice": {"1": 1}, "vp": 0}

    assert "the poll says that 2 were cast" in refusal(lambda: read(small(lambda data: data["votes"].append(extra))))[0]


def test_many_problems_of_votes_are_cut_short() -> None:
    votes = [{"id": str(number), "choice": {"9": 1}, "vp": 1} for number in range(50)]
    problems = refusal(
        lambda: read(small(lambda data: data.update(votes=votes, proposal=data["proposal"] | {"votes": 50})))
    )

    assert len(problems) == 11
    assert problems[-1] == "… and 40 more of this kind."


def test_answers_of_several_pages_are_one_poll_and_their_overlap_counts_once() -> None:
    first, second = SMALL["data"]["votes"]
    pages = [
        {"data": {"proposal": SMALL["data"]["proposal"], "votes": [first]}},
        {"data": {"votes": [first, second]}},
    ]

    assert read(json.dumps(pages).encode()).recounted


def test_pages_that_tell_a_vote_differently_are_refused() -> None:
    first, second = SMALL["data"]["votes"]
    pages = [
        {"data": {"proposal": SMALL["data"]["proposal"], "votes": [first]}},
        {"data": {"votes": [first | {"vp": 5}, second]}},
    ]

    assert refusal(lambda: read(json.dumps(pages).encode())) == (
        "Vote “a” differs from one page to another: fetch them again.",
    )


def test_votes_without_an_id_cannot_be_told_apart_over_pages() -> None:
    pages = [{"data": {"proposal": SMALL["data"]["proposal"], "votes": [{}]}}, {"data": {"votes": [{}]}}]

    assert "A vote without an id" in refusal(lambda: read(json.dumps(pages).encode()))[0]


def test_answers_about_two_polls_are_refused() -> None:
    other = SMALL["data"]["proposal"] | {"id": "0x" + "cd" * 32}
    pages = [{"data": {"proposal": SMALL["data"]["proposal"]}}, {"data": {"proposal": other}}]

    assert "different proposals" in refusal(lambda: read(json.dumps(pages).encode()))[0]


def test_approved_scores_may_add_up_to_more_than_voted() -> None:
    def approve(data: dict[str, Any]) -> None:
        data["proposal"].update(type="approval", scores=[301, 400, 0])
        data["votes"][0]["choice"], data["votes"][1]["choice"] = [1, 2], [2]

    assert read(small(approve)).recounted
    assert "A choice has 401" in refusal(lambda: read(with_proposal(type="approval", scores=[401, 0, 0])))[0]


def test_for_against_and_abstain_are_counted() -> None:
    def basic(data: dict[str, Any]) -> None:
        data["proposal"].update(type="basic", choices=["For", "Against", "Abstain"], scores=[301, 99, 0])
        data["votes"][0]["choice"], data["votes"][1]["choice"] = 1, 2

    assert read(small(basic)).recounted


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"flagged": True}, "Snapshot flags this proposal as malicious or spam."),
        ({"quorum": 5000}, "Its quorum was missed: 400 of 5000 votes."),
        ({"scores": [0, 0, 0], "scores_total": 0}, "Nobody voted: every choice has 0 votes."),
    ],
)
def test_what_is_odd_but_may_be_so_is_a_warning(changes: dict[str, Any], warning: str) -> None:
    assert read(with_proposal(**changes)).warnings == (warning,)


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(content=b"\xff")
@example(content=b'"\\ud800"')
def test_no_bytes_do_worse_than_being_refused(content: bytes) -> None:
    with pytest.raises(ImportRefused):
        read(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["1", "2", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    where=st.sampled_from(["proposal", "votes"]),
    key=st.sampled_from([*SMALL["data"]["proposal"], *SMALL["data"]["votes"][0], "proposal"]),
    value=JSON,
)
@example(where="votes", key="choice", value={"1": {"x": 1}})
@example(where="votes", key="vp_state", value={})
@example(where="proposal", key="space", value=[])
def test_no_value_anywhere_in_an_answer_does_worse_than_being_refused(where: str, key: str, value: Any) -> None:
    def alter(data: dict[str, Any]) -> None:
        (data["votes"][1] if where == "votes" else data["proposal"])[key] = value

    found = outcome(lambda: read(small(alter)))

    assert found
    if isinstance(found, ImportedPoll):
        assert sum(tally.votes.value for tally in found.result.tallies if tally.votes) == 400
