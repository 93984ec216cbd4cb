"""Puts the lines of a connector's section where they belong, by their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from registry.importers.imported import quoted
from registry.importers.pages.blocks import Text
from registry.importers.pages.drafts import Draft
from registry.importers.pages.facts import Facts
from registry.importers.pages.meanings import ORDER_TYPES, POSITION_MODES, connection_type_of, interval_of
from registry.importers.pages.page import ImportedWarning
from registry.importers.pages.values import Value, value_of
from registry.importers.pages.words import LABELS, Label, key, says_nothing

W = ImportedWarning


def place_connector_fact(facts: Facts, draft: Draft, text: Text) -> bool:
    """Takes a line of a connector's section; False where its label is none of theirs."""
    value = value_of(text)
    if text.is_bullet and text.text.startswith("/"):  # an endpoint
        _gateway_id(draft, text.text)
        return True
    name = key(value.label)
    if (reader := _CONNECTOR_FACTS.get(LABELS.get(name))) is not None:
        reader(facts, draft, value)
        return True
    if name in {"apidocs", "apidocumentation"}:
        _keep_url(facts, draft, value, "api_docs_url", "link to API docs")
        return True
    return False


def _gateway_id(draft: Draft, path: str) -> None:
    """`/connectors/uniswap/router/quote-swap` is an endpoint of `uniswap/router`."""
    parts = path.split("/")
    if len(parts) > 4 and parts[1] == "connectors" and not draft.id:
        draft.id = f"{parts[2]}/{parts[3]}"


def place_id(facts: Facts, draft: Draft, value: Value) -> None:
    names = value.source.codes or tuple(value.words.split()[:1])
    if not names or value.is_nothing:
        return
    if draft.id:
        facts.second(value.line, "id", draft.id, names[0])
        return
    draft.id = names[0]
    for name in names[1:]:
        facts.second(value.line, "id", names[0], name)


def place_connection_type(facts: Facts, draft: Draft, value: Value) -> None:
    if value.is_nothing:
        return
    words, bracket, remark = value.words.partition("(")
    found = connection_type_of(words)
    if found is None:
        facts.warn(value.line, W.UNKNOWN_CONNECTION_TYPE, f"{quoted(value.words)} is no known way to connect.")
    elif draft.connection_type is None:
        draft.connection_type = found
    else:
        facts.second(value.line, "connection type", draft.connection_type, found)
    if bracket and found is not None:
        facts.unplaced(value.line, f"({remark}", "a remark beside the connection type is not kept")


def place_folder(facts: Facts, draft: Draft, value: Value) -> None:
    _keep_url(facts, draft, value, "folder_url", "folder")
    draft.folder_line = draft.folder_line or value.line


def place_configs(facts: Facts, draft: Draft, value: Value) -> None:
    _keep_url(facts, draft, value, "configs_url", "link to default configs")


def _keep_url(facts: Facts, draft: Draft, value: Value, field_name: str, what: str) -> None:
    if not value.urls:
        if not value.is_nothing:
            facts.warn(value.line, W.NO_LINK, f"The {what}, {quoted(value.words)}, is no address on the web.")
        return
    kept = getattr(draft, field_name)
    if not kept:
        setattr(draft, field_name, value.urls[0])
    for url in value.urls[0 if kept else 1 :]:
        facts.second(value.line, what, kept or value.urls[0], url)


def _intervals(facts: Facts, draft: Draft, value: Value) -> None:
    said, bracket, remark = value.words.partition("(")
    unknown = []
    for part in said.replace(",", "|").replace("`", " ").split("|"):
        together = "".join(part.split())  # 1 minute
        for word in [together] if interval_of(together) else part.split():
            if (interval := interval_of(word)) is None:
                unknown.append(word)
            elif interval.value not in draft.intervals:
                draft.intervals.append(interval.value)
    if unknown and not value.is_nothing:
        facts.warn(value.line, W.UNKNOWN_INTERVAL, f"No known interval: {quoted(', '.join(unknown))}.")
    if bracket:
        facts.unplaced(value.line, f"({remark}", "a remark beside the intervals is not kept")


_CONNECTOR_FACTS: dict[Label | None, Callable[[Facts, Draft, Value], None]] = {
    Label.ID: place_id,
    Label.CONNECTION_TYPE: place_connection_type,
    Label.FOLDER: place_folder,
    Label.CONFIGS: place_configs,
    Label.INTERVALS: _intervals,
}


def place_order_type(facts: Facts, draft: Draft, text: Text) -> None:
    _place_listed(facts, text, ORDER_TYPES, draft.order_types, W.UNKNOWN_ORDER_TYPE, "order type")


def place_position_mode(facts: Facts, draft: Draft, text: Text) -> None:
    _place_listed(facts, text, POSITION_MODES, draft.position_modes, W.UNKNOWN_POSITION_MODE, "position mode")


def _place_listed(
    facts: Facts, text: Text, known: Mapping[str, str], kept: list[str], code: ImportedWarning, what: str
) -> None:
    """A bullet of one name, or of several parted by commas, each perhaps with a remark behind it."""
    if says_nothing(text.text):
        return
    names = text.text.replace(" and ", ",").replace(" or ", ",").split(",")
    names = [name for name in names if name.strip()]
    if not _all_known(names, known):
        if not text.is_bullet:  # the sentence above the list
            if any(key(code) in known for code in text.codes):
                facts.unplaced(text.line, text.text, f"which {what} it states is not clear")
            return
        names = [text.codes[0] if text.codes and text.text.startswith(text.codes[0]) else text.text.split()[0]]
    for name in names:
        if key(name) not in known:
            facts.warn(text.line, code, f"{quoted(text.text)} is no known {what}.")
            return
        if (value := str(known[key(name)])) not in kept:
            kept.append(value)
    remark = text.text[len(names[0]) :].strip(" :,.;—–-") if len(names) == 1 else ""
    if remark and key(remark) != "mode":
        facts.unplaced(text.line, text.text, f"the remark behind the {what} is not kept")


def _all_known(names: Sequence[str], known: Mapping[str, str]) -> bool:
    return bool(names) and all(key(name) in known for name in names)
