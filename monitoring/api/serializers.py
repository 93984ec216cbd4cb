"""What the pages say, as JSON: null for what is not known, times in RFC 3339 and UTC, decimals as strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from rest_framework import serializers

from registry.api.public import SCHEMA_VERSION
from registry.models import Bounty, Component, Exchange, Maintainer, Proposal, TierAssignment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring.compare import Group, Line
    from monitoring.index import IndexView
    from monitoring.pages import CheckView, ExchangeView

    AnySerializer = serializers.Serializer[Any]
else:  # DRF's own class takes no type argument at run time
    AnySerializer = serializers.Serializer


class Word(serializers.CharField):
    """A text that is null, and not empty, where there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        return str(value) or None


class Moment(serializers.DateTimeField):
    """A time that may not have come yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)


class Milliseconds(serializers.FloatField):
    """A measured time, to a tenth: the clock's further digits mean nothing."""

    def to_representation(self, value: float) -> float:  # type: ignore[override]  # a number, whatever the stubs say
        return round(value, 1)


class Evidence(serializers.JSONField):
    """What a check observed, without the memory that is for its own next run."""

    def to_representation(self, value: Any) -> Any:
        return {name: item for name, item in value.items() if name != "memory"}


class ConditionSerializer(AnySerializer):
    name = serializers.CharField()
    limit = serializers.CharField()
    seen = serializers.CharField()
    outcome = serializers.CharField()


class PastOutcomeSerializer(AnySerializer):
    started_at = serializers.DateTimeField()
    outcome = serializers.CharField()
    cause = serializers.CharField()
    summary = serializers.CharField()
    duration_ms = Milliseconds()
    source = serializers.CharField()  # type: ignore[assignment]  # a declared field leaves DRF's attribute alone


class CheckSerializer(AnySerializer):
    """One check without its evidence: null in every column of a result that is not there yet."""

    kind = serializers.CharField(source="check.kind")
    title = serializers.CharField(source="question.title")
    health = serializers.CharField()
    outcome = Word(source="check.outcome")
    cause = Word(source="check.cause")
    cause_text = Word()
    blame = Word(source="result.blame")
    blame_text = Word()
    confidence = Word(source="result.confidence")
    summary = Word(source="result.summary")
    source = Word(source="result.source")  # type: ignore[assignment]
    is_stale = serializers.BooleanField()
    is_enabled = serializers.BooleanField(source="check.enabled")
    pair = Word(source="check.pair")
    cadence_s = serializers.IntegerField(source="check.cadence_s")
    started_at = Moment(source="result.started_at")
    finished_at = Moment(source="result.finished_at")
    duration_ms = Milliseconds(source="result.duration_ms", allow_null=True)
    outcome_since = Moment(source="check.outcome_since")
    next_due_at = Moment(source="check.next_due_at")


class FullCheckSerializer(CheckSerializer):
    question = serializers.CharField(source="question.text")
    hosts = serializers.JSONField(source="result.hosts", allow_null=True)
    reasons = serializers.JSONField(source="result.reasons", allow_null=True)
    conditions = ConditionSerializer(many=True)
    evidence = Evidence(source="result.evidence", allow_null=True)
    capture_url = serializers.SerializerMethodField()
    history = PastOutcomeSerializer(source="past", many=True)

    def get_capture_url(self, view: CheckView) -> str | None:
        """Of the latest run that was kept, for `python -m monitoring.checks --replay`."""
        if view.capture is None:
            return None
        return reverse("monitoring:capture", args=[view.check.component.exchange.slug, view.capture.result_id])


class ComponentSerializer(AnySerializer):
    """What is declared of a component, and beside it what is seen: health is null where nothing looks."""

    kind = serializers.CharField(source="component.kind")
    name = serializers.CharField(source="component.get_kind_display")
    declared_status = serializers.CharField(source="component.status")
    notes = Word(source="component.notes")
    connector_id = Word(source="component.connector_id")
    health = Word()
    why_not_checked = Word()
    last_checked_at = Moment(source="checked_at")
    checks = CheckSerializer(many=True)


class DeclaredSerializer(serializers.ModelSerializer[Component]):
    """The rest of what the registry knows of a component."""

    class Meta:
        model = Component
        fields = [
            "connection_type",
            "folder_url",
            "order_types",
            "position_modes",
            "intervals",
            "credential_prompts",
            "paper_trading",
            "paper_connector_id",
            "paper_url",
            "paper_notes",
            "usage_example",
            "usage_url",
        ]


class FullComponentSerializer(ComponentSerializer):
    checks = FullCheckSerializer(many=True)
    declared = DeclaredSerializer(source="component")


class MaintainerSerializer(serializers.ModelSerializer[Maintainer]):
    class Meta:
        model = Maintainer
        fields = ["slug", "name", "kind", "url"]


class TierSerializer(serializers.ModelSerializer[TierAssignment]):
    """One decision: `withdrawn_on` is the day from which it was taken back."""

    tier = Word()
    withdrawn_on = serializers.DateField(allow_null=True)

    class Meta:
        model = TierAssignment
        fields = [
            "tier",
            "included",
            "basis",
            "epoch",
            "effective_from",
            "expires_on",
            "withdrawn_on",
            "decided_by",
            "reason",
            "source_url",
        ]


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    class Meta:
        model = Proposal
        fields = ["kind", "number", "title", "state", "url", "snapshot_id"]


class BountySerializer(serializers.ModelSerializer[Bounty]):
    component = Word(source="component.kind")
    proposal = Word(source="proposal.number")
    unit = Word()
    pot = serializers.SerializerMethodField()

    class Meta:
        model = Bounty
        fields = [
            "tracker_id",
            "part",
            "title",
            "named",
            "kind",
            "sponsor",
            "amount",
            "unit",
            "state",
            "issue_url",
            "assignee",
            "component",
            "proposal",
            "pot",
            "last_synced_at",
        ]

    def get_pot(self, bounty: Bounty) -> dict[str, Any] | None:
        """The pot that pays it, by epoch and poll."""
        return {"epoch": bounty.pot.epoch.number, "group": bounty.pot.group} if bounty.pot else None


class ExchangeSerializer(AnySerializer):
    """The tier is a promise by vote, health is what is observed: neither follows from the other."""

    slug = serializers.CharField(source="exchange.slug")
    name = serializers.CharField(source="exchange.name")
    url = serializers.SerializerMethodField()
    html_url = serializers.SerializerMethodField()
    exchange_type = Word(source="exchange.exchange_type")
    market_type = Word(source="exchange.market_type")
    tier = Word(source="standing.tier")
    tier_basis = Word(source="standing.assignment.basis", default=None)
    why_no_tier = Word(source="standing.why_no_tier")
    latest_vote = Word(source="standing.vote")
    tier_url = serializers.SerializerMethodField()
    lifecycle = Word()
    maintainers = MaintainerSerializer(source="exchange.maintainers", many=True)
    open_bounties = serializers.SerializerMethodField()
    health = Word()
    headline = serializers.CharField()
    source = Word()  # type: ignore[assignment]
    last_checked_at = Moment(source="checked_at")
    components = ComponentSerializer(many=True)

    def get_url(self, view: ExchangeView) -> str:
        return reverse("api:exchange-detail", args=[view.exchange.slug])

    def get_open_bounties(self, view: ExchangeView) -> int:
        return len(view.open_bounties)

    def get_tier_url(self, view: ExchangeView) -> str:
        return reverse("registry-api:tier", args=[view.exchange.slug])

    def get_html_url(self, view: ExchangeView) -> str:
        return reverse("monitoring:exchange-detail", args=[view.exchange.slug])


class AboutSerializer(serializers.ModelSerializer[Exchange]):
    """What the exchange's page states of it beside its components."""

    links = serializers.SerializerMethodField()

    class Meta:
        model = Exchange
        fields = [
            "supported_countries",
            "supported_countries_url",
            "has_fee_share",
            "tip_title",
            "tip",
            "key_creation_steps",
            "links",
        ]

    def get_links(self, exchange: Exchange) -> dict[str, str]:
        return {link.kind: link.url for link in exchange.links.all()}


class FullExchangeSerializer(ExchangeSerializer):
    components = FullComponentSerializer(many=True)
    about = AboutSerializer(source="exchange")
    tier_as_of = serializers.DateField(source="standing.day")
    tier_in_force = TierSerializer(source="standing.assignment", allow_null=True)
    tier_history = TierSerializer(source="standing.history", many=True)
    proposals = ProposalSerializer(source="exchange.proposals.all", many=True)
    bounties = BountySerializer(source="exchange.bounties.all", many=True)


class OptionSerializer(AnySerializer):
    """One value of a facet: how many exchanges it would leave of what all other facets leave."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a declared field leaves DRF's attribute alone
    count = serializers.IntegerField()
    is_chosen = serializers.BooleanField()


class FacetSerializer(AnySerializer):
    name = serializers.CharField()
    title = serializers.CharField()
    options = OptionSerializer(many=True)


class IndexSerializer(AnySerializer):
    """What was asked for under `result`, as in every list of this API, and in the order of the page."""

    schema_version = serializers.ReadOnlyField(default=SCHEMA_VERSION)
    registry_serial = serializers.SerializerMethodField()  # the view's, which its header says as well
    tier_as_of = serializers.DateField()
    headline = serializers.CharField()
    source = Word()  # type: ignore[assignment]
    last_checked_at = Moment(source="checked_at")
    total = serializers.SerializerMethodField()
    known = serializers.IntegerField(source="found.total")
    left_out = serializers.IntegerField(source="found.left_out")
    facets = FacetSerializer(source="found.facets", many=True)
    result = ExchangeSerializer(source="in_order", many=True)

    def get_registry_serial(self, index: Any) -> int | None:
        serial: int | None = self.context["registry_serial"]
        return serial

    def get_total(self, index: IndexView) -> int:
        return len(index.found.matches)


def line_body(group: Group, line: Line, exchanges: Sequence[str]) -> dict[str, Any]:
    """One line of a comparison: a list where the fact is one, null where nothing is stated."""
    values = [(list(cell.items) if cell.items else cell.words) or None for cell in line.cells]
    return {
        "group": group.key,
        "key": line.key,
        "label": line.label,
        "differs": line.differs,
        "values": dict(zip(exchanges, values, strict=True)),
    }
