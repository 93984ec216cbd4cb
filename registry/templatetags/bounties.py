"""Bounties and pots in templates: `{% load bounties %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from registry.governance.wording import figure
from registry.services.bounties.pots import pot_balances, pots_of
from registry.services.epochs.wording import group_words

if TYPE_CHECKING:
    from decimal import Decimal

    from registry.models import Bounty, Component, Epoch, Exchange, Pot
    from registry.services.bounties.pots import PotBalance

register = template.Library()


@register.simple_tag
def component_bounties(component: Component) -> list[Bounty]:
    """Those for this component, out of its exchange's, which a page has fetched."""
    return [bounty for bounty in component.exchange.bounties.all() if bounty.component_id == component.pk]


@register.simple_tag
def exchange_wide_bounties(exchange: Exchange) -> list[Bounty]:
    """Those that no component's section shows: for no single component, or for one that was removed."""
    listed = {component.pk for component in exchange.components.all()}
    return [bounty for bounty in exchange.bounties.all() if bounty.component_id not in listed]


@register.simple_tag
def exchange_pots(exchange: Exchange) -> list[PotBalance]:
    """In two queries, however many pots and bounties."""
    return pots_of(exchange)


@register.simple_tag
def epoch_pots(epoch: Epoch) -> list[PotBalance]:
    """In two queries, however many pots and bounties."""
    return pot_balances(epoch)


@register.filter
def poll_of(pot: Pot) -> str:
    """The poll that filled it, as pages call it."""
    return group_words(pot.group)


@register.filter
def money(amount: Decimal, unit: str) -> str:
    """50,000 HBOT; -0.5 USDC."""
    return f"{figure(amount)} {unit}"
