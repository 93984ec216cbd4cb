"""Exchanges, and the components with which the bot reaches them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from registry.choices import (
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    Lifecycle,
    LinkKind,
    MaintenanceState,
    MarketType,
    PaperTrading,
    Partnership,
    PositionMode,
    Tier,
)
from registry.querysets import ComponentQuerySet, ExchangeQuerySet

if TYPE_CHECKING:
    from registry.models.changes import TierAssignment
    from registry.models.maintainers import Maintainer, Maintenance

connector_id_validator = RegexValidator(
    r"^[A-Za-z0-9_\-/\[\]]+\Z", "Letters, digits and _ - / [ ] only, as in kucoin_perpetual or jupiter/router."
)


class Exchange(models.Model):
    """A trading venue as its documentation page states it. Its tier is no column: see TierAssignment."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    exchange_type = models.CharField(max_length=10, choices=ExchangeType.choices, blank=True)
    market_type = models.CharField(max_length=20, choices=MarketType.choices, blank=True)
    lifecycle = models.CharField(max_length=10, choices=Lifecycle.choices, default=Lifecycle.ACTIVE)
    removed_in = models.CharField(max_length=20, blank=True, help_text="The first release without it, such as 1.13.0.")
    renamed_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="former_entries")
    lifecycle_source = models.CharField(max_length=300, blank=True, help_text="Where that is stated.")
    partnership = models.CharField(max_length=10, choices=Partnership.choices, blank=True)
    chains = models.JSONField(
        default=list, blank=True, help_text='Where it runs: a list of {"chain": "ethereum", "networks": ["mainnet"]}.'
    )
    supported_countries = models.CharField(
        max_length=200, blank=True, help_text="The page's words, such as Worldwide or Not available."
    )
    supported_countries_url = models.URLField(blank=True)
    has_fee_share = models.BooleanField(
        default=False, help_text="The exchange shares trading fees with the Foundation."
    )
    tip_title = models.CharField(max_length=120, blank=True)
    tip = models.TextField(blank=True, help_text="How trading here supports the project.")
    key_creation_steps = models.JSONField(
        default=list, blank=True, help_text='A list of {"text": paragraphs, "points": [what to mind]}.'
    )

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifecycle=Lifecycle.RENAMED) ^ Q(renamed_to__isnull=True), name="renamed_to_its_new_entry"
            ),
            models.CheckConstraint(condition=~Q(renamed_to=F("id")), name="not_renamed_to_itself"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shipped(self) -> bool:
        """In the bot's current release, as far as the registry knows."""
        return self.lifecycle == Lifecycle.ACTIVE

    @property
    def active_maintenances(self) -> list[Maintenance]:
        """Who answers for it now, from the prefetched rows where there are some."""
        return [one for one in self.maintenances.all() if one.state == MaintenanceState.ACTIVE]

    @property
    def maintainers(self) -> list[Maintainer]:
        return [one.maintainer for one in self.active_maintenances if one.maintainer]

    @property
    def is_seeking_maintainer(self) -> bool:
        return any(one.state == MaintenanceState.SEEKING for one in self.maintenances.all())

    @property
    def current_assignment(self) -> TierAssignment | None:
        """The decision in force today, from the prefetched history where there is one."""
        today = timezone.now().date()
        history = self.tier_assignments.all()  # latest first
        return next((assignment for assignment in history if assignment.holds_on(today)), None)

    @cached_property
    def current_tier(self) -> str:
        """The tier in force today, "" for none. `with_tier()` fills it for many exchanges in their own query."""
        return self.current_assignment.tier if self.current_assignment else ""

    @property
    def current_tier_label(self) -> str:
        return Tier(self.current_tier).label if self.current_tier else ""

    @property
    def current_tier_meaning(self) -> str:
        return Tier(self.current_tier).meaning if self.current_tier else ""


class ExchangeLink(models.Model):
    """One address that the exchange's page gives."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="links")
    kind = models.CharField(max_length=20, choices=LinkKind.choices)
    url = models.URLField(max_length=500)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["exchange_id", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["exchange", "kind"], name="one_link_of_a_kind_per_exchange")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.url}"


class Component(models.Model):
    """One connector or feed of an exchange, with what is declared of it; what is observed belongs to monitoring."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="components")
    kind = models.CharField(max_length=30, choices=ComponentKind.choices)
    status = models.CharField(max_length=20, choices=DeclaredStatus.choices)
    notes = models.CharField(max_length=500, blank=True)
    removed_in = models.CharField(max_length=20, blank=True, help_text="The first release without it, such as 1.13.0.")
    connector_id = models.CharField(
        max_length=80,
        blank=True,
        validators=[connector_id_validator],
        help_text="The bot's own name for it, such as kucoin_perpetual.",
    )
    connector_version = models.CharField(
        max_length=10, blank=True, help_text="Of the bot's connector standard, such as v2.1."
    )
    v2_strategies = models.BooleanField(
        null=True, blank=True, help_text="Whether the bot's V2 strategies run on it; empty where nobody says."
    )
    connection_type = models.CharField(max_length=30, choices=ConnectionType.choices, blank=True)
    folder_url = models.URLField(max_length=500, blank=True)
    api_docs_url = models.URLField(max_length=500, blank=True)
    configs_url = models.URLField(max_length=500, blank=True, help_text="Its default configuration.")
    order_types = models.JSONField(default=list, blank=True)
    position_modes = models.JSONField(default=list, blank=True)
    intervals = models.JSONField(default=list, blank=True, help_text="In the bot's spelling: 1m, 1h, 1d, 1w.")
    credential_prompts = models.JSONField(
        default=list, blank=True, help_text="What the bot asks for on connect, in order."
    )
    paper_trading = models.CharField(max_length=20, choices=PaperTrading.choices, blank=True)
    paper_connector_id = models.CharField(
        max_length=80,
        blank=True,
        validators=[connector_id_validator],
        help_text="What to connect instead of the connector id.",
    )
    paper_url = models.URLField(max_length=500, blank=True)
    paper_notes = models.TextField(blank=True)
    usage_example = models.TextField(blank=True, help_text="Code that a script would start from.")
    usage_url = models.URLField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Place in the exchange's table.")

    objects = ComponentQuerySet.as_manager()

    class Meta:
        ordering = ["exchange_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "kind"], name="one_component_of_a_kind_per_exchange")
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.get_kind_display()}"

    @property
    def is_offered(self) -> bool:
        """Declared available: there is code to run, and so something to check."""
        return self.status == DeclaredStatus.AVAILABLE

    @property
    def is_removed(self) -> bool:
        """Shipped once; what is known of it is kept for its history."""
        return self.status == DeclaredStatus.REMOVED

    @property
    def purpose(self) -> str:
        return ComponentKind(self.kind).purpose

    @property
    def is_candle_feed(self) -> bool:
        return ComponentKind(self.kind).is_candle_feed

    @property
    def position_mode_labels(self) -> list[str]:
        return [str(PositionMode(mode).label) for mode in self.position_modes]

    @property
    def connect_command(self) -> str:
        """What to type into the bot, "" for a component that is not connected to (a feed, or nothing built)."""
        gateway = "gateway " if self.connection_type == ConnectionType.GATEWAY else ""
        return f"{gateway}connect {self.connector_id}" if self.credential_prompts else ""

    @property
    def connected_message(self) -> str:
        """What the bot answers when the keys were accepted."""
        return f"You are now connected to {self.connector_id}" if self.credential_prompts else ""

    @property
    def paper_connect_command(self) -> str:
        return f"connect {self.paper_connector_id}" if self.paper_connector_id else ""
