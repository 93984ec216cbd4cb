"""Puts the lines of the fact sections where they belong, by their labels."""

from __future__ import annotations

from collections.abc import Callable

from registry.choices import Partnership
from registry.importers.imported import quoted
from registry.importers.pages.blocks import Text
from registry.importers.pages.connector_lines import place_configs, place_connection_type, place_folder, place_id
from registry.importers.pages.facts import Facts
from registry.importers.pages.meanings import (
    TIERS,
    YES_NO,
    exchange_type_of,
    market_type_of,
    parts_of_type,
)
from registry.importers.pages.page import ImportedWarning, StatedTier
from registry.importers.pages.tiers import LINE, badge_of
from registry.importers.pages.values import Value, value_of
from registry.importers.pages.words import LABELS, NOTHING, Label, key, link_kind, says_nothing, words

W = ImportedWarning


def place_fact(facts: Facts, text: Text) -> bool:
    """Takes a line of the exchange's own facts; False where its label is none of theirs."""
    value = value_of(text)
    label = LABELS.get(key(value.label)) or LABELS.get(key(value.label.partition("(")[0]))
    if label in _FACTS:
        _FACTS[label](facts, value)
        return True
    return _place_links(facts, value)


def _place_links(facts: Facts, value: Value) -> bool:
    """`- **Website**: <url>`, and the old `[Website](url) | [CoinGecko](url)` in one line."""
    kind = link_kind(value.label) or link_kind(value.label.partition("(")[0])
    if kind is None:
        label, dash, _ = value.label.partition(" - ")
        kind = link_kind(label) if dash else None
    if kind is not None:
        if value.urls:
            facts.keep_link(value.line, kind, value.urls[0])
            for url in value.urls[1:]:
                facts.second(value.line, f"{kind.label} link", value.urls[0], url)
            if value.remark and key(value.label) not in key(value.remark):
                facts.unplaced(value.line, value.remark, "a remark beside a link is not kept")
        elif not value.is_nothing or value.source.links:
            facts.warn(value.line, W.NO_LINK, f"{kind.label}: {quoted(value.words)} is no address on the web.")
        return True
    named = [(link_kind(link.text), link) for link in value.source.links]
    if not named or any(kind is None for kind, _ in named):
        return False
    for kind, link in named:
        if kind is not None and link.url:
            facts.keep_link(value.line, kind, link.url)
    return True


def _exchange_type(facts: Facts, value: Value) -> None:
    if value.is_nothing:
        return
    facts.has_type = True
    if found := exchange_type_of(value.words):
        facts.keep(value.line, "exchange type", "exchange_type", found.value)
    else:
        facts.warn(value.line, W.UNKNOWN_EXCHANGE_TYPE, f"{quoted(value.words)} is neither a CEX nor a DEX.")


def _market_type(facts: Facts, value: Value) -> None:
    if value.is_nothing:
        return
    facts.has_type = True
    if found := market_type_of(value.words):
        facts.keep(value.line, "market type", "market_type", found.value)
    else:
        facts.warn(value.line, W.UNKNOWN_MARKET_TYPE, f"{quoted(value.words)} is no known kind of market.")


def _type(facts: Facts, value: Value) -> None:
    if value.is_nothing:
        return
    facts.has_type = True
    parts = parts_of_type(value.words)
    if parts.unknown:
        unplaced = quoted(" ".join(parts.unknown))
        facts.warn(value.line, W.UNKNOWN_MARKET_TYPE, f"Type {quoted(value.words)}: {unplaced} is not read.")
    facts.keep(value.line, "exchange type", "exchange_type", parts.exchange_type)
    facts.keep(value.line, "market type", "market_type", parts.market_type)
    facts.own.kind = facts.own.kind or parts.kind


def _tier(facts: Facts, value: Value) -> None:
    """What the line says in words; its badge is read as every other badge is."""
    badges = [badge for image in value.source.images if (badge := badge_of(image)) is not None]
    said = key(value.words)
    if said in TIERS:
        facts.tiers.append(StatedTier(value.line, TIERS[said].value, LINE))
    elif said not in NOTHING:
        facts.warn(value.line, W.UNKNOWN_TIER, f"{quoted(value.words)} is no tier.")
    for badge in badges:
        if badge not in TIERS:
            facts.warn(value.line, W.UNKNOWN_TIER, f"The badge says {quoted(badge)}, which is no tier.")


def _maintainer(facts: Facts, value: Value) -> None:
    name = "" if says_nothing(value.words) else " ".join(value.words.split())
    url = next(iter(value.urls), "")
    name = "" if name == url else name
    if facts.maintainer_stated:
        facts.second(value.line, "maintainer", facts.maintainer or "nobody", name or "nobody")
        return
    facts.maintainer_stated = True
    facts.maintainer_blank = not (value.words.strip() or url)
    if facts.maintainer_blank:
        facts.warn(value.line, W.BLANK_MAINTAINER, "The maintainer is blank; where there is none, write None.")
    facts.lines["maintainer"] = value.line
    facts.maintainer, facts.maintainer_url = name or None, url


def _partnership(facts: Facts, value: Value) -> None:
    kinds = [kind for kind in Partnership if kind in words(value.words)]
    if len(kinds) == 1:
        facts.partnership, facts.lines["partnership"] = kinds[0].value, value.line
    elif not value.is_nothing:
        facts.unplaced(value.line, value.source.text, "it is neither a partner's nor a sponsor's")


def _fee_share(facts: Facts, value: Value) -> None:
    stated = YES_NO.get(value.words.casefold())
    if stated is not None:
        facts.has_fee_share, facts.lines["has_fee_share"] = stated, value.line
    elif not value.is_nothing:
        facts.unplaced(value.line, value.source.text, "it says neither yes nor no")


def _countries(facts: Facts, value: Value) -> None:
    if not value.is_nothing:
        facts.lines.setdefault("supported_countries", value.line)
    if value.urls:
        facts.keep(value.line, "link to the supported countries", "supported_countries_url", value.urls[0])
        for url in value.urls[1:]:
            facts.second(value.line, "link to the supported countries", value.urls[0], url)
    facts.keep(
        value.line, "list of supported countries", "supported_countries", value.remark if value.urls else value.words
    )


def _chain(facts: Facts, value: Value) -> None:
    if name := chain_name(value.words):
        facts.keep_chain(value.line, name, ())


def _networks(facts: Facts, value: Value) -> None:
    if facts.chains:
        facts.keep_chain(value.line, next(reversed(facts.chains)), networks_of(value.source, value.words))
    elif not value.is_nothing:
        facts.unplaced(value.line, value.source.text, "no chain is named above it")


def _own_folder(facts: Facts, value: Value) -> None:
    place_folder(facts, facts.own, value)


def _own_configs(facts: Facts, value: Value) -> None:
    place_configs(facts, facts.own, value)


def _own_id(facts: Facts, value: Value) -> None:
    place_id(facts, facts.own, value)
    facts.own.line = value.line


def _own_connection_type(facts: Facts, value: Value) -> None:
    place_connection_type(facts, facts.own, value)


_FACTS: dict[Label | None, Callable[[Facts, Value], None]] = {
    Label.EXCHANGE_TYPE: _exchange_type,
    Label.MARKET_TYPE: _market_type,
    Label.TYPE: _type,
    Label.TIER: _tier,
    Label.MAINTAINER: _maintainer,
    Label.PARTNERSHIP: _partnership,
    Label.FEE_SHARE: _fee_share,
    Label.COUNTRIES: _countries,
    Label.CHAIN: _chain,
    Label.NETWORKS: _networks,
    Label.FOLDER: _own_folder,
    Label.CONFIGS: _own_configs,
    Label.ID: _own_id,
    Label.CONNECTION_TYPE: _own_connection_type,
}


def chain_name(text: str) -> str:
    """As the bot spells chains: lower case, with hyphens."""
    return "-".join(text.strip(" `*").casefold().split())


def networks_of(text: Text, words: str) -> tuple[str, ...]:
    """In code marks, or parted by commas."""
    names = text.codes if text.codes else words.split(",")
    return tuple(dict.fromkeys(name.strip(" `") for name in names if name.strip(" `")))


def place_chain(facts: Facts, text: Text, chain: str | None) -> bool:
    """A bullet such as `[Polygon](/chains/polygon): `mainnet`, `mumbai``, or one of a network of *chain*."""
    name, colon, rest = text.text.partition(":")
    if not text.is_bullet:
        return False
    if not colon:
        if chain == "" or text.text not in {*text.codes, *(link.text for link in text.links)}:
            return False
        facts.keep_chain(text.line, chain or chain_name(name), (name,) if chain else ())
        return True
    codes = text.codes[1:] if text.codes and text.codes[0] == name.strip() else text.codes
    networks = tuple(dict.fromkeys(codes)) or tuple(filter(None, (part.strip() for part in rest.split(","))))
    facts.keep_chain(text.line, chain_name(name), networks)
    return True
