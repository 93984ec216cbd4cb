"""The section of one component: what the bot knows it by, and how it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry.choices import ConnectionType, DeclaredStatus, PaperTrading
from registry.page_export.markdown import address, fenced, indented, link, paragraphs
from registry.page_export.words import CONNECTION_TYPES, HEADINGS
from registry.services.catalogue.schema import ComponentEntry, PaperTradingEntry


def has_section(component: ComponentEntry) -> bool:
    """Whether there is anything to say beyond its row in the table: of what is not built, pages say nothing."""
    is_code = component.status in {DeclaredStatus.AVAILABLE, DeclaredStatus.REMOVED}
    return is_code and (any(_facts(component)) or any(_parts(component)))


def section(component: ComponentEntry) -> Iterator[str]:
    yield f"## {HEADINGS[component.kind]}"
    yield f"*{component.kind.purpose}*"
    yield ""
    yield from _facts(component)
    for heading, lines in _parts(component):
        yield from ("", f"### {heading}", "")
        yield from lines


def _facts(component: ComponentEntry) -> Iterator[str]:
    if component.connector_id:
        yield f"- **ID**: `{component.connector_id}`"
    if component.connection_type:
        yield f"- **Connection Type**: {CONNECTION_TYPES[component.connection_type]}"
    if component.intervals:
        yield f"- **Supported Intervals**: {' | '.join(component.intervals)}"
    for label, url in (
        ("API Docs", component.api_docs_url),
        ("Folder", component.folder_url),
        ("Default Configs", component.configs_url),
    ):
        if url:
            yield f"- **{label}**: {address(url)}"


def _parts(component: ComponentEntry) -> Iterator[tuple[str, list[str]]]:
    """Each heading beneath the component's, with its lines."""
    usage = [*_connecting(component), *_example(component)]
    if usage:
        yield "Usage", _parted(usage)
    if component.order_types:
        yield "Order Types", _list(f"`{order_type}`" for order_type in component.order_types)
    if component.position_modes:
        yield "Position Modes", _list(str(mode.label) for mode in component.position_modes)
    if component.paper_trading:
        yield "Paper Trading", _parted(_paper_trading(component, component.paper_trading))


def _list(items: Iterable[str]) -> list[str]:
    return [f"- {item}" for item in items]


def _parted(groups: Iterable[list[str]]) -> list[str]:
    """Groups of lines with a blank one between them."""
    lines: list[str] = []
    for group in groups:
        lines += ["", *group] if lines else group
    return lines


def _connecting(component: ComponentEntry) -> Iterator[list[str]]:
    if not component.credential_prompts:
        return
    prompts = [f"{prompt} >>>" for prompt in component.credential_prompts]
    if component.connector_id is None:
        yield ["The Hummingbot client asks for:"]
        yield fenced(prompts)
        return
    command = f"connect {component.connector_id}"
    if component.connection_type == ConnectionType.GATEWAY:
        command = f"gateway connect {component.connector_id.partition('/')[0]}"
    yield [f"Run `{command}` in the Hummingbot client, and answer what it asks for:"]
    yield fenced([f">>> {command}", "", *prompts])


def _example(component: ComponentEntry) -> Iterator[list[str]]:
    if component.usage_example:
        yield ["A script would start from this:"]
        yield fenced(indented(component.usage_example), language="python")
    if component.usage_url:
        yield [f"An example to read: {address(component.usage_url)}"]


def _paper_trading(component: ComponentEntry, paper: PaperTradingEntry) -> Iterator[list[str]]:
    """In words that tell the two ways apart: where the bot matches the orders, and where the exchange does."""
    if paper.mode == PaperTrading.SIMULATED:
        guide = link("Paper Trade", paper.url) if paper.url else "paper trading"
        if paper.connector_id:
            place = f" in place of `connect {component.connector_id}`" if component.connector_id else ""
            yield [f"For {guide}, run `connect {paper.connector_id}`{place}."]
        else:
            yield ["The bot itself matches orders against the live book."]
    else:
        yield [f"The exchange runs a testnet: {address(paper.url)}" if paper.url else "The exchange runs a testnet."]
        if paper.connector_id:
            yield [f"Run `connect {paper.connector_id}` in the Hummingbot client to use it."]
    if paper.notes:
        yield ["#### Notes"]
        for text in paragraphs(paper.notes):
            yield [text]
