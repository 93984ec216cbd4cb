"""One proposal for each vote, however its link was printed."""

from __future__ import annotations

import pytest

from registry.models import Proposal
from registry.services.proposals import ProposalRefused, resolve_proposal

pytestmark = pytest.mark.django_db

VOTE_ID = "0x021b7bd4b433182496c0288d8ed83001ddf0686a1f1e482f4dbf7ea972c0faf5"


@pytest.mark.parametrize(
    "link",
    [
        f"https://snapshot.org/#/hbot-ip.eth/proposal/{VOTE_ID}",
        f"https://snapshot.org/?ref=blog.hummingbot.org#/hbot-ip.eth/proposal/{VOTE_ID}",
        f"https://snapshot.box/#/s:hbot-ip.eth/proposal/{VOTE_ID}",
        f"snapshot.org/#/hbot-ip.eth/proposal/{VOTE_ID.upper().replace('0X', '0x')}",
    ],
)
def test_link_of_any_shape_is_one_proposal(link: str) -> None:
    known = resolve_proposal(f"https://snapshot.org/#/hbot-ip.eth/proposal/{VOTE_ID}", number="HIP-35")

    assert resolve_proposal(link) == known
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.number, proposal.space, proposal.snapshot_id) == (
        "hip",
        "HIP-35",
        "hbot-ip.eth",
        VOTE_ID,
    )
    assert proposal.url == f"https://snapshot.org/#/hbot-ip.eth/proposal/{VOTE_ID}"
    proposal.full_clean()


@pytest.mark.parametrize(
    ("space", "kind"),
    [("hbot.eth", "hgp"), ("hbot-hip.eth", "hip"), ("hbot-ncp.eth", "ncp"), ("hbot-prp.eth", "prp")],
)
def test_space_says_what_kind_of_proposal_it_is(space: str, kind: str) -> None:
    assert resolve_proposal(f"https://snapshot.org/#/{space}/proposal/{VOTE_ID}").kind == kind


def test_known_proposal_gets_its_space_and_keeps_its_own_words() -> None:
    Proposal.objects.create(kind="ncp", number="NCP-22", title="Add it", snapshot_id=VOTE_ID, state="passed")

    proposal = resolve_proposal(f"https://snapshot.org/#/hbot.eth/proposal/{VOTE_ID}", number="HGP-63")

    proposal.refresh_from_db()
    assert (proposal.kind, proposal.number, proposal.title, proposal.state) == ("ncp", "NCP-22", "Add it", "passed")
    assert proposal.space == "hbot.eth"


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("", "there is no link"),
        ("https://example.org/#/hbot.eth/proposal/0x", "is no address of Snapshot's"),
        (f"https://snapshot.org/#/hbot.eth/proposal/{VOTE_ID[:-1]}", "has 63 hex digits after 0x"),
        (f"https://snapshot.org/#/aave.eth/proposal/{VOTE_ID}", "the space aave.eth is none of this governance"),
    ],
)
def test_link_that_names_no_proposal_of_ours_is_refused_with_the_reason(link: str, reason: str) -> None:
    with pytest.raises(ProposalRefused, match=reason):
        resolve_proposal(link)

    assert not Proposal.objects.exists()
