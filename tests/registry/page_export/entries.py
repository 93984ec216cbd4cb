"""Exchanges as a page can state them: whatever words and addresses they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from registry.choices import (
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    Interval,
    Lifecycle,
    LinkKind,
    MaintainerKind,
    MaintenanceState,
    MarketType,
    OrderType,
    PaperTrading,
    Partnership,
    PositionMode,
    Tier,
)
from registry.governance.names import name_key
from registry.page_export import BEGIN, END, ExportedExchange
from registry.services.catalogue.consistency import exchange_faults
from registry.services.catalogue.schema import (
    ChainEntry,
    ComponentEntry,
    ExchangeEntry,
    KeyStepEntry,
    LifecycleEntry,
    MaintainerEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    TipEntry,
)

SPECIAL = "|<>&*_[](){}`~^#+-=:!?;,.'\"\\/%$@"
LETTERS = "abcxyzABCXYZ019éß漢🙏"

MAINTAINERS = {
    one.slug: one
    for one in (
        MaintainerEntry(slug="coinalpha", name="CoinAlpha", kind=MaintainerKind.ORGANISATION),
        MaintainerEntry(slug="wojak", name="wojak", kind=MaintainerKind.PERSON, url="https://github.com/mlguys"),
        MaintainerEntry(slug="odd-name", name="O*d_d | [Name] <x>", kind=MaintainerKind.PERSON),
        MaintainerEntry(
            slug="elephant-dex",
            name="Elephant, Dex & Sons",
            kind=MaintainerKind.ORGANISATION,
            url="https://example.org/a_(b)",
        ),
    )
}


@st.composite
def words(draw: st.DrawFn, *, at_most: int = 40) -> str:
    """On one line, with a letter in it, and whatever signs."""
    text = draw(st.text(LETTERS + SPECIAL + " ", max_size=at_most))
    return " ".join(f"{text} {draw(st.sampled_from('abxyz'))}{draw(st.text(LETTERS + SPECIAL, max_size=5))}".split())


paragraphs = st.lists(words(), min_size=1, max_size=3).map("\n\n".join)
names = st.text("abcdefXYZ019 .-", min_size=1, max_size=20).map(lambda text: " ".join(f"Ex{text}".split()))
urls = st.builds(
    "https://{}.example/{}".format,
    st.text("abc-019", min_size=1, max_size=8),
    st.text("abcXYZ019-._~:/?#[]@!$&'()*+,;=%", max_size=30),
)
scripts = st.text("abc_019", min_size=1, max_size=8).map("https://code.example/{}.py".format)
ids = st.text("abcXYZ019_-/[]", max_size=12).map("ex{}".format)
networks = st.lists(st.text("abc019_.-", min_size=1, max_size=8), max_size=3, unique=True)
code = st.lists(
    st.text(LETTERS + SPECIAL + " ", max_size=20)
    | st.sampled_from(["# Usage", "```", "## 🔀 Spot Connector", "<!--", BEGIN, END]),
    min_size=1,
    max_size=4,
).map(lambda lines: "\n".join(["start()", *(line.rstrip() for line in lines), "end()"]))


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def subset(members: type[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(members)), unique=True, max_size=4)


@st.composite
def paper_trading(draw: st.DrawFn, connector_id: str) -> PaperTradingEntry:
    notes, url = draw(some(paragraphs)), draw(some(urls))
    if draw(st.booleans()):
        paper_id = f"{connector_id}_paper_trade"
        return PaperTradingEntry(mode=PaperTrading.SIMULATED, connector_id=paper_id, url=url, notes=notes)
    paper_id = draw(some(st.just(f"{connector_id}_testnet"))) if url else f"{connector_id}_testnet"
    return PaperTradingEntry(mode=PaperTrading.TESTNET, connector_id=paper_id, url=url, notes=notes)


@st.composite
def component(draw: st.DrawFn, kind: ComponentKind) -> ComponentEntry:
    """With a section where there is code, or was: what is stated of a connector hangs on its id."""
    status = draw(st.sampled_from(list(DeclaredStatus)))
    row = {
        "notes": draw(some(words())),
        "connector_version": draw(some(st.sampled_from(["v1.0", "v2.0", "v2.1"]))),
        "v2_strategies": draw(some(st.booleans())),
    }
    if status not in {DeclaredStatus.AVAILABLE, DeclaredStatus.REMOVED}:
        return ComponentEntry(kind=kind, status=status, **row)
    connector_id = draw(ids)
    row |= {
        "connector_id": connector_id,
        "connection_type": draw(some(st.sampled_from(list(ConnectionType)))),
        "folder_url": draw(some(urls)),
        "api_docs_url": draw(some(urls)),
        "configs_url": draw(some(urls)),
    }
    is_feed = kind.is_candle_feed or kind == ComponentKind.AMM_DATA_FEED
    if kind.is_candle_feed:
        row["intervals"] = draw(subset(Interval))
    if is_feed:
        row |= {"usage_example": draw(some(code)), "usage_url": draw(some(scripts))}
    else:
        prompts = words().filter(lambda text: ">>>" not in text)  # with these the terminal's own answer begins
        row["credential_prompts"] = draw(st.lists(prompts, unique=True, max_size=3))
        row["order_types"] = draw(subset(OrderType))
        row["paper_trading"] = draw(some(paper_trading(connector_id)))
    if not is_feed and kind != ComponentKind.SPOT_CONNECTOR:
        row["position_modes"] = draw(subset(PositionMode))
    return ComponentEntry(kind=kind, status=status, **row)


def _lifecycle(state: Lifecycle, release: str | None) -> LifecycleEntry:
    return LifecycleEntry(
        state=state,
        removed_in=release if state == Lifecycle.REMOVED else None,
        renamed_to="another" if state == Lifecycle.RENAMED else None,
    )


@st.composite
def entries(draw: st.DrawFn, lifecycles: Sequence[Lifecycle] = tuple(Lifecycle)) -> ExchangeEntry:
    kinds = draw(st.lists(st.sampled_from(list(ComponentKind)), unique=True, min_size=1, max_size=3))
    chains = st.builds(ChainEntry, chain=st.sampled_from(["ethereum", "arbitrum-one", "bsc"]), networks=networks)
    active = draw(st.lists(st.sampled_from(sorted(MAINTAINERS)), unique=True, max_size=3))
    entry = ExchangeEntry(
        slug="some-exchange",
        name=draw(names),
        exchange_type=draw(some(st.sampled_from(list(ExchangeType)))),
        market_type=draw(some(st.sampled_from(list(MarketType)))),
        lifecycle=draw(st.builds(_lifecycle, st.sampled_from(lifecycles), st.sampled_from([None, "1.25.0"]))),
        partnership=draw(some(st.sampled_from(list(Partnership)))),
        maintainers=[MaintenanceEntry(maintainer=slug, state=MaintenanceState.ACTIVE) for slug in active],
        chains=draw(st.lists(chains, unique_by=lambda one: name_key(one.chain), max_size=3)),
        links=draw(st.dictionaries(st.sampled_from(list(LinkKind)), urls, max_size=4)),
        supported_countries=draw(some(words())),
        supported_countries_url=draw(some(urls)),
        has_fee_share=draw(st.booleans()),
        tip=draw(some(st.builds(TipEntry, title=names, text=paragraphs))),
        key_creation_steps=draw(
            st.lists(st.builds(KeyStepEntry, text=paragraphs, points=st.lists(words())), max_size=2)
        ),
        components=[draw(component(kind)) for kind in kinds],
    )
    assert not list(exchange_faults(entry, entry.slug))
    return entry


def exported(entry: ExchangeEntry, tier: Tier | None = None) -> ExportedExchange:
    return ExportedExchange(
        entry=entry,
        tier=tier,
        maintainers=tuple(MAINTAINERS[one.maintainer] for one in entry.maintainers if one.maintainer),
        renamed_to="Another",
    )
