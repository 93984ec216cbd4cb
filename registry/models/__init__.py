"""The registry's tables, by subject."""

from registry.models.bounties import Bounty
from registry.models.exchanges import Component, Exchange, ExchangeLink
from registry.models.governance import Proposal, TierAssignment
from registry.models.maintainers import Maintainer

__all__ = ["Bounty", "Component", "Exchange", "ExchangeLink", "Maintainer", "Proposal", "TierAssignment"]
