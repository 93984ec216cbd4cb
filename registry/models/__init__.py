"""The registry's tables, by subject."""

from registry.models.bounties import Bounty
from registry.models.changes import Changeset, Plan, Pot, TierAssignment
from registry.models.epochs import Choice, Epoch, Poll, PollEvidence
from registry.models.exchanges import Component, Exchange, ExchangeLink
from registry.models.ledger import LedgerEntry, OutboxMessage
from registry.models.maintainers import Maintainer, Maintenance
from registry.models.names import Alias, Subject
from registry.models.policies import Policy
from registry.models.proposals import Proposal

__all__ = [
    "Alias",
    "Bounty",
    "Changeset",
    "Choice",
    "Component",
    "Epoch",
    "Exchange",
    "ExchangeLink",
    "LedgerEntry",
    "Maintainer",
    "Maintenance",
    "OutboxMessage",
    "Plan",
    "Policy",
    "Poll",
    "PollEvidence",
    "Pot",
    "Proposal",
    "Subject",
    "TierAssignment",
]
