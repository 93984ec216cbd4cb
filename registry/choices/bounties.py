"""Closed lists about bounties."""

from __future__ import annotations

from django.db.models import TextChoices


class BountyKind(TextChoices):
    BUG_P2 = "bug_p2", "Bug: P2"
    BUG_P3 = "bug_p3", "Bug: P3"
    ENHANCEMENT_P1 = "enhancement_p1", "Enhancement: P1"
    ENHANCEMENT_P2 = "enhancement_p2", "Enhancement: P2"
    ENHANCEMENT_P3 = "enhancement_p3", "Enhancement: P3"
    IMPROVEMENT = "improvement", "Improvement"
    REFACTOR = "refactor", "Refactor"
    REFACTOR_P2 = "refactor_p2", "Refactor: P2"
    NEW_CONNECTOR = "new_connector", "New connector"
    CONNECTOR_UPGRADE = "connector_upgrade", "Connector upgrade"
    NEW_STRATEGY = "new_strategy", "New strategy or script"
    CONTENT = "content", "Content"
    RESEARCH = "research", "Research"


class BountyState(TextChoices):
    POTENTIAL = "potential", "Potential"
    OPEN = "open", "Open"
    ASSIGNED = "assigned", "Assigned"
    SUBMITTED = "submitted", "Submitted"
    NEEDS_WORK = "needs_work", "Needs work"
    MERGED = "merged", "Merged"
    PAID = "paid", "Paid"
    CLOSED = "closed", "Closed"


class BountyUnit(TextChoices):
    HBOT = "HBOT", "HBOT"
    USDC = "USDC", "USDC"
    USDT = "USDT", "USDT"
