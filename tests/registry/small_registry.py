"""Four exchanges and two policies: all that the tests of the admin pages and the commands vote on."""

from __future__ import annotations

from functools import cache

from registry.governance.policy import PolicyDocument, read_policies
from registry.models import Exchange, Subject
from registry.services.catalogue.load_policies import create_policy

NAMES = {"kraken": "Kraken", "kucoin": "KuCoin", "gate-io": "Gate.io", "ascend-ex": "AscendEx"}
POLICIES = ("hgp-45", "hgp-77")


def small_registry() -> None:
    """Writes them; no exchange has a tier yet."""
    for slug, name in NAMES.items():
        exchange = Exchange.objects.create(slug=slug, name=name, exchange_type="cex", market_type="clob")
        Subject.objects.create(kind="exchange", slug=slug, name=name, exchange=exchange)
    for policy in _shipped():
        create_policy(policy)


@cache
def _shipped() -> list[PolicyDocument]:
    return [policy for policy in read_policies() if policy.slug in POLICIES]
