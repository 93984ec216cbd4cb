"""Closed lists about governance: what is voted on, how far an epoch came, and what an act of governance is called."""

from __future__ import annotations

from django.db.models import TextChoices


class Tier(TextChoices):
    """How an exchange's connectors are maintained: a promise by vote, and no word on whether they work."""

    GOLD = "gold", "Gold"
    SILVER = "silver", "Silver"
    BRONZE = "bronze", "Bronze"

    @property
    def meaning(self) -> str:
        """What the tier promises, in one sentence that follows on from its name."""
        return _TIER_MEANINGS[self]


_TIER_MEANINGS = {
    Tier.GOLD: (
        "The Foundation's own engineers maintain and extend the components; "
        "they are the model for other connectors of the type."
    ),
    Tier.SILVER: (
        "The Foundation maintains the components through bounties paid to outside developers, "
        "following the improvements made to the Gold exchange of the type."
    ),
    Tier.BRONZE: (
        "The Foundation does not maintain the components; community members may submit proposals "
        "that fund development bounties and approve pull requests for fixes and improvements."
    ),
}


class SubjectKind(TextChoices):
    """What a poll may vote on."""

    EXCHANGE = "exchange", "Exchange"
    CHAIN = "chain", "Chain"
    STRATEGY = "strategy", "Strategy"


class PollGroup(TextChoices):
    """The polls of an epoch; which of them were held changed with the rules."""

    CEX = "cex", "CEX connectors"
    DEX = "dex", "DEX connectors"
    STRATEGY = "strategy", "Core strategies"
    CHAIN = "chain", "Chain connectors"
    CLOB_SPOT = "clob_spot", "CLOB Spot connectors"
    CLOB_PERP = "clob_perp", "CLOB Perp connectors"
    AMM = "amm", "AMM connectors"
    CLOB_CEX = "clob_cex", "CLOB CEX connectors"
    CLOB_DEX = "clob_dex", "CLOB DEX connectors"
    GATEWAY_DEX = "gateway_dex", "Gateway DEX connectors"
    PROPOSAL = "proposal", "Single proposal"

    @property
    def subject_kind(self) -> SubjectKind:
        """What its choices are."""
        return {
            PollGroup.STRATEGY: SubjectKind.STRATEGY,
            PollGroup.CHAIN: SubjectKind.CHAIN,
        }.get(self, SubjectKind.EXCHANGE)


class Voting(TextChoices):
    """How votes were cast, in Snapshot's own words for it."""

    SINGLE_CHOICE = "single-choice", "Single choice"
    WEIGHTED = "weighted", "Weighted"
    QUADRATIC = "quadratic", "Quadratic"
    APPROVAL = "approval", "Approval"
    BASIC = "basic", "For, against, abstain"


class PollSource(TextChoices):
    """Where a poll's result was read from."""

    SNAPSHOT_FILE = "snapshot_file", "Snapshot answer, from a file"
    SNAPSHOT_HTTP = "snapshot_http", "Snapshot answer, fetched"
    CSV = "csv", "CSV table"
    MARKDOWN = "markdown", "Pasted Markdown table"
    RECORD = "record", "The printed record"


class ProposalAction(TextChoices):
    """What a single proposal asks for, where there are no polls."""

    ADD = "add", "Add the connector"
    REMOVE = "remove", "Remove the connector"
    FUND = "fund", "Fund work on it"


class ChoiceMapping(TextChoices):
    """What a choice of a poll was found to mean."""

    UNMAPPED = "unmapped", "Not mapped yet"
    MAPPED = "mapped", "Mapped"
    IGNORED = "ignored", "Left out, with a reason"


class EpochState(TextChoices):
    """How far an epoch came. Each arrow is one service in `registry.services.epochs`."""

    DRAFT = "draft", "Draft"
    IMPORTED = "imported", "Imported"
    MAPPED = "mapped", "Mapped"
    PLANNED = "planned", "Planned"
    APPROVED = "approved", "Approved"
    APPLIED = "applied", "Applied"
    ANNOUNCED = "announced", "Announced"
    ROLLED_BACK = "rolled_back", "Rolled back"


class ChangesetKind(TextChoices):
    APPLY = "apply", "Apply"
    ROLLBACK = "rollback", "Roll-back"


class Basis(TextChoices):
    """What a tier rests on."""

    POLL = "poll", "Poll result"
    OVERRIDE = "override", "Override"
    RECORD = "record", "Recorded without a poll"


class LedgerAction(TextChoices):
    CREATED = "created", "Created the epoch"
    CHANGED = "changed", "Changed the epoch"
    IMPORTED = "imported", "Imported a poll"
    CONFLICT = "conflict", "Settled which of two results holds"
    MAPPED = "mapped", "Mapped choices"
    PLANNED = "planned", "Planned"
    APPROVED = "approved", "Approved a plan"
    APPLIED = "applied", "Applied a plan"
    ANNOUNCED = "announced", "Announced"
    ROLLED_BACK = "rolled_back", "Rolled back"


class ProposalKind(TextChoices):
    HGP = "hgp", "Governance proposal (HGP)"
    HIP = "hip", "Improvement proposal (HIP)"
    NCP = "ncp", "New connector proposal (NCP)"
    PRP = "prp", "Pull request proposal (PRP)"


class ProposalState(TextChoices):
    UNKNOWN = "unknown", "Unknown"
    PENDING = "pending", "Pending"
    ACTIVE = "active", "Voting"
    PASSED = "passed", "Passed"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
