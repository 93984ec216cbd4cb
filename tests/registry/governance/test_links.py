"""Every shape in which a proposal's link is printed names the same space and vote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.governance.links import ProposalLink, parse_proposal_link, parse_vote_id, proposal_url

PRINTED = json.loads((Path(__file__).parents[2] / "payloads" / "snapshot" / "printed_links.json").read_bytes())

ID = "0x6a8146ebc68c3145e29309c1c90a2457a0fd57e806b50d2e0c71bd0543d374a0"
LINK = ProposalLink("hbot.eth", ID)


@pytest.mark.parametrize("url", PRINTED)
def test_links_of_the_record_name_their_vote(url: str) -> None:
    assert parse_proposal_link(url) == ProposalLink("hbot.eth", PRINTED[url])


@pytest.mark.parametrize(
    "url",
    [
        f"https://snapshot.org/#/hbot.eth/proposal/{ID}",
        f"http://snapshot.org/#/hbot.eth/proposal/{ID}",
        f"https://www.snapshot.org/#/hbot.eth/proposal/{ID}/",
        f"snapshot.org/#/hbot.eth/proposal/{ID}",
        f"https://snapshot.org/?ref=blog.hummingbot.org#/hbot.eth/proposal/{ID}",
        f"https://snapshot.org?ref=blog.hummingbot.org#/hbot.eth/proposal/{ID}",
        f"https://snapshot.org/#/hbot.eth/proposal/{ID}?ref=blog.hummingbot.org",
        f"https://snapshot.box/#/s:hbot.eth/proposal/{ID}",
        f"https://snapshot.box/#/s:hbot.eth/proposal/{ID}//",
        f"https://snapshot.box/#/s%3Ahbot.eth/proposal/{ID}",
        f"https://snapshot.org/s:hbot.eth/proposal/{ID}",
        f"https://Snapshot.org/#/HBOT.eth/Proposal/0x{ID[2:].upper()}",
        f"https://snapshot.org/#/hbot.eth/proposal/{ID.upper()}",
        f"  https://snapshot.org/#/hbot.eth/proposal/{ID}\n",
        f"https://snapshot.org:443/#/hbot.eth/proposal/{ID}",
    ],
)
def test_every_shape_is_one_link(url: str) -> None:
    assert parse_proposal_link(url) == LINK
    assert LINK.url == f"https://snapshot.org/#/hbot.eth/proposal/{ID}"


@pytest.mark.parametrize("space", ["hbot-prp.eth", "hbot-ncp.eth", "hbot-ip.eth", "hbot-hip.eth"])
def test_other_spaces_are_kept_apart(space: str) -> None:
    assert parse_proposal_link(f"https://snapshot.org/#/{space}/proposal/{ID}").space == space


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "there is no link: write it like https://snapshot.org/#/hbot.eth/proposal/0x"),
        ("HGP-71", "is no address of Snapshot's"),
        (f"https://snapshot.example/#/hbot.eth/proposal/{ID}", "is no address of Snapshot's"),
        (f"https://snapshot.org.example/#/hbot.eth/proposal/{ID}", "is no address of Snapshot's"),
        (f"https://snapshot.org@example.org/#/hbot.eth/proposal/{ID}", "is no address of Snapshot's"),
        (f"ftp://snapshot.org/#/hbot.eth/proposal/{ID}", "is no address of Snapshot's"),
        (f"javascript://snapshot.org/#/hbot.eth/proposal/{ID}", "is no address of Snapshot's"),
        ("https://[snapshot.org/", "is no address"),
        ("https://snapshot.org/#/hbot.eth", "names no proposal"),
        ("https://snapshot.org/#/hbot.eth/proposal/", "names no proposal"),
        (f"https://snapshot.org/#/proposal/hbot.eth/{ID}", "names no proposal"),
        (f"https://snapshot.org/#/hbot.eth/proposal/{ID}/votes", "goes on after the vote id with “votes”"),
        (f"https://snapshot.org/#/hbot/proposal/{ID}", "“hbot” is no name of a space"),
        (f"https://snapshot.org/#/hbot.eth/proposal/{ID[:-1]}", "has 63 hex digits after 0x, and it must have 64"),
        (f"https://snapshot.org/#/hbot.eth/proposal/{ID}a", "has 65 hex digits after 0x"),
        (f"https://snapshot.org/#/hbot.eth/proposal/{ID[2:]}", "does not begin with 0x"),
        (f"https://snapshot.org/#/hbot.eth/proposal/{ID[:-2]}zy", "holds “yz”, which is no hex digit"),
    ],
)
def test_what_is_no_link_is_refused_with_what_is_wrong(url: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_proposal_link(url)

    assert reason in str(refused.value)


def test_digits_of_other_scripts_are_no_hex_digits() -> None:
    with pytest.raises(ValueError, match="no hex digit"):
        parse_vote_id("0x" + "١" * 64)


@given(number=st.integers(0, 2**256 - 1), space=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}\.eth", fullmatch=True))
def test_what_we_print_we_read(number: int, space: str) -> None:
    vote_id = f"0x{number:064x}"

    assert parse_proposal_link(proposal_url(space, vote_id)) == ProposalLink(space, vote_id)


@given(text=st.text() | st.text().map(lambda text: f"https://snapshot.org/#/hbot.eth/proposal/{text}"))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_proposal_link(text)
