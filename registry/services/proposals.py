"""Proposals by their links: one row for each vote, whatever shape its link was printed in."""

from __future__ import annotations

from django.db import transaction

from registry.choices import ProposalKind
from registry.errors import RegistryError
from registry.governance.links import parse_proposal_link
from registry.models import Proposal

KIND_OF_SPACE = {
    "hbot.eth": ProposalKind.HGP,
    "hbot-ip.eth": ProposalKind.HIP,
    "hbot-hip.eth": ProposalKind.HIP,  # one printed link says so
    "hbot-ncp.eth": ProposalKind.NCP,
    "hbot-prp.eth": ProposalKind.PRP,
}
"""Each kind of proposal was voted on in a space of its own, until all of them moved to hbot.eth (HGP-77)."""


class ProposalRefused(RegistryError):
    """The link names no proposal, or one of a space that is not of this governance."""


@transaction.atomic
def resolve_proposal(link: str, *, number: str = "") -> Proposal:
    """The proposal that *link* names, made if it is new. The vote id is the key, since numbers were used twice.

    A known proposal gets the space that the link says where it had none; nothing else of it is changed. *number* is
    for a new one. Raises ProposalRefused.
    """
    try:
        named = parse_proposal_link(link)
    except ValueError as error:
        raise ProposalRefused(f"No proposal: {error}.") from error
    kind = KIND_OF_SPACE.get(named.space)
    if kind is None:
        ours = ", ".join(KIND_OF_SPACE)
        raise ProposalRefused(f"No proposal: the space {named.space} is none of this governance, which has {ours}.")
    proposal, is_new = Proposal.objects.get_or_create(
        snapshot_id=named.id,
        defaults={"kind": kind, "number": number, "space": named.space, "url": named.url},
    )
    if not is_new and not proposal.space:
        proposal.space = named.space
        proposal.save(update_fields=["space"])
    return proposal
