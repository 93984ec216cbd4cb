"""A page's generated part: what the registry holds of one exchange, in the layout of the documentation site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from registry.choices import Lifecycle, Tier
from registry.page_export.markdown import address, code, link, paragraph, paragraphs, table, words
from registry.page_export.sections import has_section, section
from registry.page_export.words import (
    ANCHORS,
    BADGE_COLOURS,
    EXCHANGE_TYPES,
    HEADINGS,
    LINKS,
    MARKET_TYPES,
    STATUSES,
)
from registry.services.catalogue.schema import ExchangeEntry, MaintainerEntry

YES_NO = {True: "Yes", False: "No", None: ""}


class PageLayout(StrEnum):
    TODAY = "today"  # five columns; neither tier nor maintainer
    TIERS = "tiers"  # three columns; tier by badge and sentence, and maintainer


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedExchange:
    """One exchange as its page states it on a day."""

    entry: ExchangeEntry
    tier: Tier | None = None  # in force on that day
    maintainers: tuple[MaintainerEntry, ...] = ()  # those who answer for it
    renamed_to: str = ""  # the name of the exchange under which it goes on


def render(exchange: ExportedExchange, layout: PageLayout) -> str:
    """The generated part, with a line end at its end. The same values give the same text."""
    lines: list[str] = []
    for group in _groups(exchange, layout):
        lines += ["", *group] if lines else group
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _groups(exchange: ExportedExchange, layout: PageLayout) -> Iterator[list[str]]:
    """Parts of the page that a blank line parts from one another."""
    entry = exchange.entry
    yield from _boxes(exchange)
    yield ["## 🛠 Connector Info"]
    if info := list(_info(exchange, layout)):
        yield info
    if layout is PageLayout.TIERS and exchange.tier:
        name, tier = words(entry.name), exchange.tier
        yield [f"HBOT holders voted {name} into the **{tier.label}** tier. {tier.meaning}"]
    if entry.components:
        yield _components(entry, layout)
    if links := list(_links(entry)):
        yield ["## ℹ️ Exchange Info"]
        yield links
    if entry.key_creation_steps:
        yield ["## 🔑 How to Connect"]
        yield ["### Generate API Keys"]
        yield from _key_steps(entry)
    if entry.chains:
        yield ["## 🕸️ Supported Chains and Networks"]
        yield _chains(entry)
    for component in entry.components:
        if has_section(component):
            yield list(section(component))


def _boxes(exchange: ExportedExchange) -> Iterator[list[str]]:
    entry = exchange.entry
    if entry.tip:
        yield [f'!!! tip "{words(entry.tip.title)}"', *_boxed(paragraphs(entry.tip.text))]
    if text := _lifecycle(exchange):
        yield ['!!! warning "Not in the bot"', *_boxed([text])]


def _lifecycle(exchange: ExportedExchange) -> str:
    """Why the bot's current release has no such connectors; "" where it has them."""
    said = exchange.entry.lifecycle
    match said.state:
        case Lifecycle.ACTIVE:
            return ""
        case Lifecycle.REMOVED if said.removed_in:
            return f"Release {said.removed_in} of the bot was the first without these connectors."
        case Lifecycle.REMOVED:
            return "The bot's current release does not have these connectors."
        case Lifecycle.RENAMED:
            return f"The exchange goes on under another name, {words(exchange.renamed_to)}."
        case Lifecycle.PROPOSED:
            return "No release of the bot has had these connectors so far."


def _boxed(texts: Iterable[str]) -> list[str]:
    """Paragraphs as the text of a box: set in beneath its title."""
    return "\n\n".join(f"    {text}" for text in texts).split("\n")


def _info(exchange: ExportedExchange, layout: PageLayout) -> Iterator[str]:
    entry = exchange.entry
    if entry.exchange_type:
        yield f"- **Exchange Type**: {EXCHANGE_TYPES[entry.exchange_type]}"
    if entry.market_type:
        yield f"- **Market Type**: {MARKET_TYPES[entry.market_type]}"
    if layout is PageLayout.TIERS and exchange.tier:
        yield f"- **Maintenance Tier**: {_badge(exchange.tier)}"
    if layout is PageLayout.TIERS:
        yield f"- **Maintainer**: {', '.join(map(_maintainer, exchange.maintainers)) or 'None'}"
    if entry.partnership:
        yield f"- **Partnership**: {entry.partnership.label}"
    if entry.has_fee_share:
        yield "- **Fee Share**: Yes"


def _maintainer(one: MaintainerEntry) -> str:
    return link(words(one.name), one.url) if one.url else words(one.name)


def _badge(tier: Tier) -> str:
    colour = BADGE_COLOURS[tier]
    url = f"https://img.shields.io/static/v1?label=Hummingbot&message={tier.label.upper()}&color={colour}"
    return f"![{tier.label}]({url})"


def _components(entry: ExchangeEntry, layout: PageLayout) -> list[str]:
    versions = ("Connector Version", "V2 Strategies") if layout is PageLayout.TODAY else ()
    rows = []
    for one in entry.components:
        heading = HEADINGS[one.kind]
        name = f"[{heading}]({ANCHORS[one.kind]})" if has_section(one) else heading
        stated = (one.connector_version or "", YES_NO[one.v2_strategies]) if versions else ()
        rows.append((name, STATUSES[one.status], *stated, words(one.notes or "")))
    return table(("Component", "Status", *versions, "Notes"), rows)


def _links(entry: ExchangeEntry) -> Iterator[str]:
    for kind, url in entry.links.items():
        yield f"- **{LINKS[kind]}**: {address(url)}"
    countries = [words(entry.supported_countries)] if entry.supported_countries else []
    if entry.supported_countries_url:
        countries.append(address(entry.supported_countries_url))
    if countries:
        yield f"- **Supported Countries**: {' '.join(countries)}"


def _key_steps(entry: ExchangeEntry) -> Iterator[list[str]]:
    for number, step in enumerate(entry.key_creation_steps, start=1):
        yield [f"**Step {number}**"]
        for text in paragraphs(step.text):
            yield [text]
        if step.points:
            yield [f"- {paragraph(point)}" for point in step.points]


def _chains(entry: ExchangeEntry) -> list[str]:
    rows = [(code(one.chain), ", ".join(map(code, one.networks))) for one in entry.chains]
    return table(("Chain", "Networks"), rows)
