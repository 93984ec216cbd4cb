"""Links to proposals: the record prints them in several shapes, and all of them name a space and a vote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

HOSTS = frozenset({"snapshot.org", "www.snapshot.org", "snapshot.box", "www.snapshot.box"})

VOTE_ID = re.compile(r"0x[0-9a-f]{64}")
SPACE = re.compile(r"(?!.{81})[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+")

EXAMPLE = "write it like https://snapshot.org/#/hbot.eth/proposal/0x followed by 64 hex digits"


@dataclass(frozen=True, slots=True)
class ProposalLink:
    """What a link stands for; both parts in lower case. Links that look different are the same vote if these agree."""

    space: str
    id: str

    @property
    def url(self) -> str:
        return proposal_url(self.space, self.id)


def proposal_url(space: str, vote_id: str) -> str:
    """The address of a vote, in the one spelling that we print."""
    return f"https://snapshot.org/#/{space}/proposal/{vote_id}"


def parse_vote_id(text: str) -> str:
    """A vote's id in lower case. Raises ValueError with what is wrong with it."""
    vote_id = text.strip().lower()
    if VOTE_ID.fullmatch(vote_id):
        return vote_id
    if not vote_id.startswith("0x"):
        raise ValueError(f"the vote id {_shown(text)} does not begin with 0x: it is 0x and 64 hex digits")
    digits = vote_id[2:]
    if strange := sorted({char for char in digits if char not in "0123456789abcdef"}):
        raise ValueError(f"the vote id {_shown(text)} holds {_shown(''.join(strange))}, which is no hex digit")
    raise ValueError(f"the vote id {_shown(text)} has {len(digits)} hex digits after 0x, and it must have 64")


def parse_proposal_link(url: str) -> ProposalLink:
    """The space and the vote of a link in any printed shape, with or without https://.

    snapshot.org/#/SPACE/proposal/ID, the same with ?ref=… before the # or after the id,
    snapshot.box/#/s:SPACE/proposal/ID, and either without the #. Raises ValueError with the reason.
    """
    text = url.strip()
    if not text:
        raise ValueError(f"there is no link: {EXAMPLE}")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError as error:
        raise ValueError(f"{_shown(text)} is no address: {EXAMPLE}") from error
    if parts.scheme not in {"http", "https"} or host not in HOSTS:
        raise ValueError(f"{_shown(text)} is no address of Snapshot's: {EXAMPLE}")
    route = unquote(parts.fragment or parts.path).partition("?")[0]
    steps = [step for step in route.split("/") if step.strip()]
    if len(steps) < 3 or steps[1].lower() != "proposal":
        raise ValueError(f"{_shown(text)} names no proposal: {EXAMPLE}")
    if len(steps) > 3:
        raise ValueError(f"{_shown(text)} goes on after the vote id with {_shown('/'.join(steps[3:]))}: {EXAMPLE}")
    space = steps[0].strip().lower().removeprefix("s:")
    if not SPACE.fullmatch(space):
        raise ValueError(f"{_shown(steps[0])} is no name of a space: it is an ENS name such as hbot.eth")
    return ProposalLink(space=space, id=parse_vote_id(steps[2]))


def _shown(text: str, *, at_most: int = 120) -> str:
    return f"“{text}”" if len(text) <= at_most else f"“{text[:at_most]}…”"
