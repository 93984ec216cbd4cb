"""Texts of a catalogue file: what no reader would see is refused, and so is what no column could hold."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from django.db.models import Model

from registry.models import Alias, Bounty, Component, Exchange, ExchangeLink, Maintainer, Maintenance, Proposal, Subject
from registry.services.catalogue import read_catalogue
from registry.services.catalogue.schema import (
    AliasEntry,
    BountyEntry,
    ComponentEntry,
    ExchangeEntry,
    FiledBountyEntry,
    LifecycleEntry,
    MaintainerEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    ProposalEntry,
    SubjectEntry,
    TipEntry,
)
from tests.registry.test_catalogue_files import refusal, replace


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('"   "', "expected words on one line (120 characters at most), got '   '"),
        ('" Kraken"', "expected words on one line (120 characters at most), got ' Kraken'"),
        (r'"a\nb"', r"expected words on one line (120 characters at most), got 'a\nb'"),
        (r'"a\u2028b"', r"expected words on one line (120 characters at most), got 'a\u2028b'"),
        (r'"a\0b"', r"U+0000 is no character of a text, got 'a\x00b'"),
        (r'"a\eb"', r"U+001B is no character of a text, got 'a\x1bb'"),
        (r'"a\u202eb"', r"U+202E is no character of a text, got 'a\u202eb'"),
        (r'"\ud800x"', r"U+D800 is no character of a text, got '\ud800x'"),
        (5000 * "9", f"expected words on one line (120 characters at most), got '{60 * '9'}…'"),
    ],
)
@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("exchanges/kraken.yaml", "name: Kraken", "name: {}", "name"),
        ("maintainers.yaml", "name: Hummingbot Foundation", "name: {}", "maintainers[0].name"),
    ],
)
def test_name_that_is_not_words_on_one_line_is_refused(
    catalogue_copy: Path, file: str, old: str, new: str, key: str, written: str, said: str
) -> None:
    line = replace(catalogue_copy / file, old, new.format(written))

    assert refusal(catalogue_copy) == [f"{file}:{line}: {key}: {said}"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r'"\ud800"', r"U+D800 is no character of a text, got '\ud800'"),
        (r'"a\0"', r"U+0000 is no character of a text, got 'a\x00'"),
        (r'"a\r\n"', r"U+000D is no character of a text, got 'a\r\n'"),
        ('" \\n"', r"expected some text, got ' \n'"),
    ],
)
def test_long_text_is_refused_where_no_reader_would_see_it(catalogue_copy: Path, written: str, said: str) -> None:
    path = catalogue_copy / "exchanges" / "kraken.yaml"
    line = replace(path, "key_creation_steps: []", f"key_creation_steps: [{{text: {written}}}]")

    assert refusal(catalogue_copy) == [f"exchanges/kraken.yaml:{line}: key_creation_steps[0].text: {said}"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("exchange_type: cex", r'exchange_type: "\ud800"', "exchange_type"),
        ("amount: 600000", r'amount: "\ud800"', "bounties[0].amount"),
        ("  website: https://www.kraken.com/", r'  website: "\ud800"', "links.website"),
    ],
)
def test_half_a_surrogate_pair_is_refused_whatever_was_expected(
    catalogue_copy: Path, old: str, new: str, key: str
) -> None:
    line = replace(catalogue_copy / "exchanges" / "kraken.yaml", old, new)

    assert refusal(catalogue_copy) == [
        f"exchanges/kraken.yaml:{line}: {key}: U+D800 is no character of a text, got '\\ud800'"
    ]


MODELS: dict[type[msgspec.Struct], type[Model]] = {
    AliasEntry: Alias,
    BountyEntry: Bounty,
    ComponentEntry: Component,
    ExchangeEntry: Exchange,
    FiledBountyEntry: Bounty,
    LifecycleEntry: Exchange,
    MaintainerEntry: Maintainer,
    MaintenanceEntry: Maintenance,
    ProposalEntry: Proposal,
    SubjectEntry: Subject,
}
COLUMNS_OF_OTHER_NAMES = {
    (LifecycleEntry, "source"): (Exchange, "lifecycle_source"),
    (LifecycleEntry, "state"): (Exchange, "lifecycle"),
    (PaperTradingEntry, "connector_id"): (Component, "paper_connector_id"),
    (PaperTradingEntry, "mode"): (Component, "paper_trading"),
    (PaperTradingEntry, "notes"): (Component, "paper_notes"),
    (PaperTradingEntry, "url"): (Component, "paper_url"),
    (TipEntry, "text"): (Exchange, "tip"),
    (TipEntry, "title"): (Exchange, "tip_title"),
}


STRUCTS_OF_THEIR_OWN = {(ComponentEntry, "paper_trading"), (ExchangeEntry, "lifecycle")}


def longest(kind: Any) -> int | None:
    """The characters that a value of this schema type may have; None where there is no limit, or it is no text."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is Annotated:
        return get_args(kind)[1].max_length
    is_choice = isinstance(kind, type) and issubclass(kind, Enum)
    return max(len(member.value) for member in kind) if is_choice else None


def text_columns() -> Iterator[tuple[type[msgspec.Struct], str, Any, int]]:
    """Struct, field, its type, and the width of the column that it is written to."""
    for struct in [*MODELS, PaperTradingEntry, TipEntry]:
        for name, kind in get_type_hints(struct, include_extras=True).items():
            model, column = COLUMNS_OF_OTHER_NAMES.get((struct, name), (MODELS.get(struct), name))
            columns = {field.name: field for field in model._meta.get_fields()} if model else {}
            width = getattr(columns.get(column), "max_length", None)
            if width is not None and (struct, name) not in STRUCTS_OF_THEIR_OWN:
                yield struct, name, kind, width
    _, address = get_args(get_type_hints(ExchangeEntry, include_extras=True)["links"])
    yield ExchangeEntry, "links", address, ExchangeLink._meta.get_field("url").max_length


def test_no_text_that_a_file_may_hold_is_longer_than_its_column() -> None:
    columns = {f"{struct.__name__}.{name}": (longest(kind), width) for struct, name, kind, width in text_columns()}

    assert (columns["AliasEntry.name"], columns["TipEntry.title"], columns["ExchangeEntry.links"]) == (
        (120, 120),
        (120, 120),
        (500, 500),
    )
    assert {name: pair for name, pair in columns.items() if pair[0] is None or pair[0] > pair[1]} == {}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("010", "got '010'"),  # eight to YAML, and ten to whoever wrote it
        ("0x10", "got '0x10'"),
        ("0b11", "got '0b11'"),
        ("1:30", "got '1:30'"),
        ("1_0", "got '1_0'"),
        ("1e1", "got '1e1'"),
        ("no", "got 'False'"),
        ("2024-01-01", "got '2024-01-01'"),
        (":".join(200_000 * "1"), f"got '{30 * '1:'}…'"),
    ],
)
def test_number_that_yaml_reads_otherwise_than_people_is_refused(catalogue_copy: Path, written: str, said: str) -> None:
    line = replace(catalogue_copy / "subjects.yaml", "from_epoch: 3}", f"from_epoch: {written}}}")

    (refused,) = refusal(catalogue_copy)
    assert refused.startswith(f"subjects.yaml:{line}: ")
    assert refused.endswith(f"from_epoch: expected the number of an epoch (0 to 32767), {said}")


@pytest.mark.parametrize("written", ["600000", "+600000", "0600000", "600000.0", "6.0e+5", "6e5"])
def test_amount_is_what_people_read_in_it(catalogue_copy: Path, written: str) -> None:
    replace(catalogue_copy / "exchanges" / "kraken.yaml", "amount: 600000", f"amount: {written}")

    assert [one.bounties[0].amount for one in read_catalogue(catalogue_copy).exchanges if one.slug == "kraken"] == [
        600_000
    ]
