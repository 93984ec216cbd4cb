"""Reads one exchange page: its source, its blocks, its facts, and what follows from them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from registry.choices import ComponentKind, DeclaredStatus, LinkKind, Partnership
from registry.importers.imported import quoted
from registry.importers.pages.blocks import Text, blocks_of, text_of
from registry.importers.pages.drafts import Draft, id_of_folder, kind_of_folder
from registry.importers.pages.facts import Facts
from registry.importers.pages.meanings import parts_of_type
from registry.importers.pages.naming import exchange_of
from registry.importers.pages.page import (
    ImportedWarning,
    Layout,
    Page,
    PageComponent,
    Tip,
    Warning,
)
from registry.importers.pages.source import Box, Line, Source, source_of
from registry.importers.pages.tiers import EXPLANATION, stated
from registry.importers.pages.values import commands_in
from registry.importers.pages.walk import Walk
from registry.importers.pages.words import Section, key, link_kind, section_of, words

W = ImportedWarning

TIP_TITLES = {"supporthummingbot": "", "foundationpartner": Partnership.PARTNER.value}
TIP_TITLES |= {"foundationsponsor": Partnership.SPONSOR.value, "exchangepartner": Partnership.PARTNER.value}
FEE_SHARE_WORDS = ("fee share", "some of your fees", "portion of your fees", "referral link")
END_WORDS = ("removed", "deprecated", "no longer", "discontinued")
"""Of a box that tells of the connector's end: a fact, for which a page has no line."""
MISSING = frozenset((DeclaredStatus.NOT_BUILT, DeclaredStatus.NOT_AVAILABLE, DeclaredStatus.NOT_APPLICABLE))
TRADED = frozenset((ComponentKind.SPOT_CONNECTOR, ComponentKind.PERP_CONNECTOR))
TEMPLATE_TITLES = frozenset(("connectorname", "exchangename", "connectortemplate", "exchangetemplate"))


def read_page(data: bytes | str, file: str) -> Page:
    """The facts of one page, with a warning for every line that needs a person's eye. Pure; never raises."""
    source = source_of(data, opens_section=_opens_section)
    if not source.lines:
        return Page(file=file, warnings=tuple(source.warnings))
    facts = Facts(source.warnings)
    Walk(facts).take_all(blocks_of(source.lines))
    if not _is_of_an_exchange(facts):
        no_text = [warning for warning in source.warnings if warning.code is W.NOT_UTF8]
        return Page(file=file, title=facts.title, repairs=source.repairs, warnings=(_NO_EXCHANGE, *no_text))
    _finish_own(facts, source)
    _name_connectors(facts)
    _hold_kinds_against_folders(facts)
    _hand_out_prompts(facts)
    _read_boxes(facts, source.boxes)
    return _page(file, facts, source)


_NO_EXCHANGE = Warning(
    1, W.NO_EXCHANGE_PAGE, "This is no page of one exchange: it states neither a type nor components. It is not read."
)


def _opens_section(line: str) -> bool:
    """Whether a line in an open code block is a heading that only a page can have, and no comment in a script."""
    return line.startswith("##") and section_of(line)[0] not in {Section.UNKNOWN, Section.PROSE, Section.USAGE}


def _is_of_an_exchange(facts: Facts) -> bool:
    if key(facts.title) in TEMPLATE_TITLES:
        return False
    stated_here = facts.components or facts.has_type or any(draft.id or draft.folder_url for draft in facts.drafts)
    of_one = len(facts.links) > 1 or (facts.own.folder_url and facts.maintainer_stated)
    return bool(stated_here or (of_one and not facts.has_index))


def _finish_own(facts: Facts, source: Source) -> None:
    """Gives a page without a table its components: one by its own facts, or one by each of its sections."""
    own = facts.own
    _read_tags(facts, source.tags)
    if facts.has_table and not facts.drafts and own.says_something:
        available = [row for row in facts.components if row.status is DeclaredStatus.AVAILABLE]
        drafts = [Draft(row.line, row.kind) for row in available]
        facts.drafts += [draft for draft in drafts if not draft.is_feed]
    if facts.drafts:
        _share_own(facts)
    if facts.has_table:
        _hold_sections_against_table(facts)
        return
    if facts.drafts:
        for draft in facts.drafts:
            _component_of(facts, draft)
        return
    own.id = own.id or _id_by_title(facts.title)
    _name(facts, own, id_of_folder(own.folder_url))
    own.kind = own.kind or _kind_by_place(own)
    if own.kind is None:
        facts.warn(
            own.line, W.UNKNOWN_COMPONENT, "The page names no component, nor says of which kind its connector is."
        )
        return
    facts.drafts.append(own)
    facts.components.append(PageComponent(kind=own.kind, status=DeclaredStatus.AVAILABLE, line=own.line))


def _hold_sections_against_table(facts: Facts) -> None:
    """Tells a section with an id or a folder whose component the table calls missing, or does not list."""
    statuses = {row.kind: row.status for row in facts.components}
    for draft in facts.drafts:
        if draft.kind is None or not (draft.id or draft.folder_url):
            continue
        if draft.kind not in statuses:
            facts.warn(draft.line, W.BLANK_STATUS, f"No row of the table gives the status of the {draft.kind.label}.")
        elif (status := statuses[draft.kind]) in MISSING:
            facts.warn(
                draft.line,
                W.STATUS_CONTRADICTION,
                f"The section describes a {draft.kind.label}, and the table says of it: {status.label}.",
            )


def _share_own(facts: Facts) -> None:
    """What a page states once, outside of its connectors' sections, holds for each of them."""
    own = facts.own
    connectors = [draft for draft in facts.drafts if not draft.is_feed]
    for draft in connectors:
        draft.folder_url = draft.folder_url or own.folder_url
        draft.configs_url = draft.configs_url or own.configs_url
        draft.connection_type = draft.connection_type or own.connection_type
        draft.order_types = draft.order_types or [*own.order_types]
        draft.position_modes = draft.position_modes or [*own.position_modes]
        draft.paper_texts = draft.paper_texts or [*own.paper_texts]
    if own.id and len(connectors) == 1:
        connectors[0].id = connectors[0].id or own.id
    if own.id and not any(draft.id == own.id for draft in connectors):
        facts.unplaced(own.line, f"ID: {own.id}", "it is not the id of one of the page's connectors")


def _component_of(facts: Facts, draft: Draft) -> None:
    if draft.kind is None or any(row.kind is draft.kind for row in facts.components):
        return
    status = DeclaredStatus.AVAILABLE if draft.says_something else None
    if status is None:
        facts.warn(
            draft.line, W.BLANK_STATUS, f"The section {draft.kind.label} is empty, and no table gives its status."
        )
    facts.components.append(PageComponent(kind=draft.kind, status=status, line=draft.line))


def _id_by_title(title: str) -> str:
    """Where it is spelled as an id."""
    title = title.strip("` ")
    return title if title and title == title.casefold() and title.replace("_", "").isalnum() else ""


def _read_tags(facts: Facts, tags: Sequence[Line]) -> None:
    """Of the oldest pages: `spot exchange connector`, `clob exchange connector`, `ethereum dex`."""
    for tag in tags:
        said = words(tag.text)
        parts = parts_of_type(tag.text)
        is_known = said[-2:] == ["exchange", "connector"] and not parts.unknown
        if not is_known and said[-1:] != ["dex"]:
            facts.unplaced(tag.number, tag.text, "the tag is not known")
            continue
        facts.keep(tag.number, "exchange type", "exchange_type", parts.exchange_type)
        facts.keep(tag.number, "market type", "market_type", parts.market_type)
        facts.own.kind = facts.own.kind or parts.kind
        if is_known and "clob" in said:
            facts.own.kind = facts.own.kind or ComponentKind.SPOT_CONNECTOR


def _kind_by_place(own: Draft) -> ComponentKind | None:
    """By the id, and by the folder in which the bot keeps it."""
    by_folder = kind_of_folder(own.folder_url)
    return ComponentKind.PERP_CONNECTOR if own.id.endswith("_perpetual") else by_folder


def _name_connectors(facts: Facts) -> None:
    """A folder names a connector only where it is of that one alone."""
    folders = Counter(draft.folder_url for draft in facts.drafts)
    for draft in facts.drafts:
        if draft.kind is not ComponentKind.AMM_DATA_FEED:
            _name(facts, draft, id_of_folder(draft.folder_url) if folders[draft.folder_url] == 1 else "")


def _name(facts: Facts, draft: Draft, by_folder: str) -> None:
    """Where no line states the id: what a user types to connect, or the folder's name where that says more.

    So does `gate_io_perpetual` of `gate_io`, and `binance` does not of `binance_us`.
    """
    if draft.id:
        return
    typed = draft.id_by_command()
    draft.id = by_folder if by_folder.startswith(typed) else typed
    if typed and by_folder and typed != by_folder:
        facts.warn(
            draft.commands[typed] if draft.id == by_folder else draft.folder_line or draft.line,
            W.SECOND_VALUE,
            f"Its command names it {quoted(typed)}, and its folder {quoted(by_folder)}; {quoted(draft.id)} is kept.",
        )


def _hold_kinds_against_folders(facts: Facts) -> None:
    """Tells a folder of spot connectors on a page that says perp, and the other way round."""
    for draft in facts.drafts:
        place = kind_of_folder(draft.folder_url)
        if draft.kind in TRADED and place and place is not draft.kind:
            facts.warn(
                draft.folder_line or draft.line,
                W.SECOND_VALUE,
                f"Stated as a {draft.kind.label}, and its folder is that of a {place.label}; the first is kept.",
            )


def _hand_out_prompts(facts: Facts) -> None:
    """Prompts outside of any connector's section go to the one that their command or their words name."""
    drafts = [draft for draft in facts.drafts if not draft.is_feed and draft.says_something]
    for commands, prompts in facts.prompts:
        named = [draft for draft in drafts if draft.id in commands]
        said = [draft for draft in drafts if draft.id and f" {draft.id} " in f" {' '.join(prompts)} "]
        draft = next(iter((*named, *said, *drafts)), None)
        if draft is not None:
            draft.prompts += [prompt for prompt in prompts if prompt not in draft.prompts]


def _page(file: str, facts: Facts, source: Source) -> Page:
    connectors = tuple(filter(None, (draft.finished() for draft in facts.drafts)))
    ids = [connector.id for connector in connectors if connector.id]
    heading = facts.title.strip("` ")
    title = facts.named or heading if facts.has_table else heading or facts.named
    exchange = exchange_of(file, title, ids)
    tier = stated(facts.tiers)
    _tell_contradiction(facts, tier)
    said = facts.tip.text.casefold() if facts.tip else ""
    asks = any(phrase in said for phrase in FEE_SHARE_WORDS)
    return Page(
        file=file,
        title=title or exchange,
        exchange=exchange,
        layout=_layout(facts),
        is_exchange_page=True,
        tier=tier,
        tiers_stated=tuple(facts.tiers),
        maintainer=facts.maintainer,
        maintainer_url=facts.maintainer_url,
        maintainer_stated=facts.maintainer_stated,
        maintainer_blank=facts.maintainer_blank,
        exchange_type=facts.texts.get("exchange_type", ""),
        market_type=facts.texts.get("market_type", ""),
        components=tuple(facts.components),
        connectors=connectors,
        links=facts.links,
        link_lines=facts.link_lines,
        supported_countries=facts.texts.get("supported_countries", ""),
        supported_countries_url=facts.texts.get("supported_countries_url", ""),
        tip=facts.tip,
        has_fee_share=asks if facts.has_fee_share is None else facts.has_fee_share,
        partnership=facts.partnership,
        chains=tuple(facts.chains.items()),
        lines=facts.lines,
        repairs=source.repairs,
        warnings=tuple(sorted(facts.warnings)),
    )


def _read_boxes(facts: Facts, boxes: Sequence[Box]) -> None:
    """The tip above the page's sections, a box that tells of a testnet, and one that tells of the connector's end."""
    for box in boxes:
        text = text_of(box.line, box.text)
        title = key(box.title)
        is_above = box.kind == "tip" and title != "" and box.line < facts.first_section
        if facts.tip is None and (is_above or title in TIP_TITLES):
            facts.keep_tip(box.line, Tip(box.title, text.text), TIP_TITLES.get(title, ""))
            for link in text.links:
                if link_kind(link.text) is LinkKind.REFERRAL and LinkKind.REFERRAL not in facts.links:
                    facts.keep_link(box.line, LinkKind.REFERRAL, link.url)
        elif any(word in f"{box.title} {box.text}".casefold() for word in END_WORDS):
            facts.unplaced(box.line, f"{box.title} {text.text}".strip(), "a page has no line for it")
        for command in commands_in(text):
            _place_testnet(facts, command, text)


def _place_testnet(facts: Facts, command: str, text: Text) -> None:
    """To the connector whose id the command begins with."""
    owners = [draft for draft in facts.drafts if draft.id and command.startswith(f"{draft.id}_")]
    owner = max(owners, key=lambda draft: len(draft.id), default=None)
    if owner is not None and not owner.paper_texts:
        owner.paper_texts.append(text)


def _tell_contradiction(facts: Facts, tier: str) -> None:
    named = [said for said in facts.tiers if said.where != EXPLANATION]
    if odd := [said for said in named if said.tier != tier]:
        places = ", ".join(f"{said.tier} by its {said.where} (line {said.line})" for said in named)
        facts.warn(odd[0].line, W.TIER_CONTRADICTION, f"The page states more than one tier: {places}.")
    for said in facts.tiers:
        if said.where == EXPLANATION and said.tier not in {stated.tier for stated in named}:
            facts.warn(
                said.line,
                W.TIER_EXPLANATION,
                f"The text explains what {said.tier} means, and the page states {tier or 'no tier'}.",
            )
            break


def _layout(facts: Facts) -> Layout:
    has_tier = bool(facts.tiers or facts.maintainer_stated)
    if facts.has_table:
        if not has_tier:
            return Layout.TODAY
        return Layout.D if facts.has_versions else Layout.C
    if facts.own in facts.drafts:
        return Layout.A
    return Layout.B if facts.drafts else Layout.UNKNOWN
