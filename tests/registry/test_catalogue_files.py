"""A malformed catalogue is refused with file, line, key and reason, and with all of its faults at once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from django.db.models import Model
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.choices import ComponentKind
from registry.errors import CatalogueRefused
from registry.models import Alias, Bounty, Component, Exchange, ExchangeLink, Maintainer, Proposal, Subject
from registry.services.catalogue import CATALOGUE_DIR, read_catalogue
from registry.services.catalogue.schema import (
    AliasEntry,
    BountyEntry,
    ComponentEntry,
    ExchangeEntry,
    MaintainerEntry,
    PaperTradingEntry,
    ProposalEntry,
    SubjectEntry,
    TipEntry,
)
from registry.strict_yaml import faults, read_yaml

VOTE_ID = "0x021b7bd4b433182496c0288d8ed83001ddf0686a1f1e482f4dbf7ea972c0faf5"
ALL_KEYS = (
    "valid: bounties, components, exchange_type, has_fee_share, key_creation_steps, links, maintainer, market_type, "
    "name, slug, supported_countries, supported_countries_url, tip"
)


def replace(path: Path, old: str, new: str) -> int:
    """Replaces the first *old* in the file and returns the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def refusal(directory: Path) -> list[str]:
    """The refusal's lines, with the folder left out of the file names."""
    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue(directory)
    return str(refused.value).replace(f"{directory}/", "").splitlines()


def test_shipped_catalogue_is_read_whole() -> None:
    catalogue = read_catalogue()

    assert [maintainer.slug for maintainer in catalogue.maintainers] == ["hummingbot-foundation"]
    assert [proposal.number for proposal in catalogue.proposals] == ["HIP-35"]
    assert [exchange.slug for exchange in catalogue.exchanges] == ["kraken", "kucoin"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: Kraken", "nane: Kraken", ["name: missing", "nane: unknown key; did you mean 'name'?"]),
        ("name: Kraken", "name: 7", ["name: expected words on one line (120 characters at most), got the number 7"]),
        ("name: Kraken", "name:", ["name: expected words on one line (120 characters at most), got nothing"]),
        ("name: Kraken", "name: [Kraken]", ["name: expected words on one line (120 characters at most), got a list"]),
        (
            "slug: kraken",
            "slug: Kraken",
            ["slug: expected lower-case letters, digits and - (50 at most), got 'Kraken'"],
        ),
        ("slug: kraken", "slug: kucoin", ["slug: 'kucoin' in a file named kraken.yaml: the two must agree"]),
        (
            "slug: kraken",
            'slug: "kraken\\n"',
            ["slug: expected lower-case letters, digits and - (50 at most), got 'kraken\\n'"],
        ),
        ("exchange_type: cex", "exchange_type: cx", ["exchange_type: 'cx' is not valid; did you mean 'cex'?"]),
        ("exchange_type: cex", "exchange_type: bank", ["exchange_type: 'bank' is not valid; valid: cex, dex"]),
        ("maintainer: null", "", ["maintainer: missing"]),
        (
            "maintainer: null",
            "maintainer: humingbot-foundation",
            [
                "maintainer: no maintainer 'humingbot-foundation' in maintainers.yaml; "
                "did you mean 'hummingbot-foundation'?"
            ],
        ),
        ("has_fee_share: true", "has_fee_share: 1", ["has_fee_share: expected true or false, got the number 1"]),
        ("  website:", "  web_site:", ["links.web_site: 'web_site' is not a valid key; did you mean 'website'?"]),
        (
            "https://www.kraken.com/\n",
            "www.kraken.com\n",
            ["links.website: expected an http or https address (200 characters at most), got 'www.kraken.com'"],
        ),
        ("key_creation_steps: []", "key_creation_steps: {}", ["key_creation_steps: expected a list, got a mapping"]),
        ("links:\n", "tiers: []\nlinks:\n", ["tiers: unknown key; did you mean 'bounties'?"]),
        (
            "status: available",
            "status: ok",
            [
                "components[0].status: 'ok' is not valid; valid: "
                "available, not_applicable, not_available, not_built, removed"
            ],
        ),
        (
            "order_types: [LIMIT,",
            "order_types: [LIMITS,",
            ["components[0].order_types[0]: 'LIMITS' is not valid; did you mean 'LIMIT'?"],
        ),
        ("[LIMIT, LIMIT_MAKER]", "[LIMIT, LIMIT]", ["components[0].order_types[1]: 'LIMIT' stands twice in the list"]),
        (
            "      mode: simulated",
            "      mod: simulated",
            [
                "components[0].paper_trading.mode: missing",
                "components[0].paper_trading.mod: unknown key; did you mean 'mode'?",
            ],
        ),
        (
            "    connector_id: kraken\n",
            "",
            ["components[0].connector_id: missing: a component that is available needs one"],
        ),
        (
            "    connection_type: websocket",
            "    intervals: [1m]",
            ["components[0].intervals: belongs to a candle feed only"],
        ),
        (
            "    connection_type: websocket",
            "    position_modes: [hedge]",
            ["components[0].position_modes: does not belong to a spot connector"],
        ),
        (
            "  - kind: spot_candles\n",
            "  - kind: spot_candles\n    order_types: [LIMIT]\n",
            ["components[2].order_types: does not belong to a candle feed"],
        ),
        ("  - kind: perp_candles", "  - kind: spot_candles", ["components[3].kind: 'spot_candles' stands twice"]),
        (
            "links:\n",
            "links: []\nold_links:\n",
            [
                "links: expected a mapping, got a list",
                "old_links: unknown key; did you mean 'links'?",
            ],
        ),
        ("name: Kraken", "1: Kraken", ["name: missing", "1: unknown key; " + ALL_KEYS]),
        (
            'tracker_id: "7052"\n    kind: bug_p3\n    sponsor: Foundation\n    amount: 30000\n    unit: HBOT\n'
            "    state: paid\n    issue_url: https://github.com/hummingbot/hummingbot/issues/7052",
            "tracker_id: HIP-35\n    kind: bug_p3\n    amount: 30000\n    unit: HBOT\n"
            "    state: paid\n    issue_url: https://github.com/hummingbot/hummingbot/issues/6751",
            ["bounties[1].tracker_id: 'HIP-35' stands twice for one issue"],
        ),
        ("amount: 600000", "amount: lots", ["bounties[0].amount: expected a number, got 'lots'"]),
        (
            "amount: 600000",
            "amount: -1",
            ["bounties[0].amount: expected zero or more with at most two decimals, got the number -1"],
        ),
        (
            "amount: 600000",
            "amount: .nan",
            ["bounties[0].amount: expected zero or more with at most two decimals, got the number NaN"],
        ),
        (
            "amount: 600000",
            "amount: 0.001",
            ["bounties[0].amount: expected zero or more with at most two decimals, got the number 0.001"],
        ),
        (
            'tracker_id: "7052"',
            "tracker_id: 7052",
            ["bounties[1].tracker_id: expected words on one line (20 characters at most), got the number 7052"],
        ),
        (
            "    title: Update Kraken connector",
            "    component: amm_connector",
            ["bounties[0].component: 'amm_connector' is not among the components of this exchange"],
        ),
        (
            "amount: 600000",
            f"amount: {5000 * '9'}",
            [f"bounties[0].amount: expected zero or more with at most two decimals, got the number {60 * '9'}…"],
        ),
        (
            "amount: 600000",
            f"amount: 0x{5000 * 'f'}",
            [f"bounties[0].amount: expected a number, got '0x{58 * 'f'}…'"],
        ),
        (
            f'proposal: "{VOTE_ID}"',
            f'proposal: "0x{"0" * 64}"',
            [f"bounties[0].proposal: no proposal 0x{'0' * 64} in proposals.yaml"],
        ),
    ],
)
def test_fault_in_an_exchange_names_file_line_key_and_reason(
    catalogue_copy: Path, old: str, new: str, said: list[str]
) -> None:
    replace(catalogue_copy / "exchanges" / "kraken.yaml", old, new)

    lines = refusal(catalogue_copy)

    assert sorted(line.partition(": ")[2] for line in lines) == sorted(said)
    assert {line.partition(":")[0] for line in lines} == {"exchanges/kraken.yaml"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('"   "', "expected words on one line (120 characters at most), got '   '"),
        ('" Kraken"', "expected words on one line (120 characters at most), got ' Kraken'"),
        (r'"a\nb"', r"expected words on one line (120 characters at most), got 'a\nb'"),
        (r'"a\u2028b"', r"expected words on one line (120 characters at most), got 'a\u2028b'"),
        (r'"a\0b"', r"U+0000 is no character of a text, got 'a\x00b'"),
        (r'"a\eb"', r"U+001B is no character of a text, got 'a\x1bb'"),
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
    MaintainerEntry: Maintainer,
    ProposalEntry: Proposal,
    SubjectEntry: Subject,
}
COLUMNS_OF_OTHER_NAMES = {
    (PaperTradingEntry, "connector_id"): (Component, "paper_connector_id"),
    (PaperTradingEntry, "mode"): (Component, "paper_trading"),
    (PaperTradingEntry, "notes"): (Component, "paper_notes"),
    (PaperTradingEntry, "url"): (Component, "paper_url"),
    (TipEntry, "text"): (Exchange, "tip"),
    (TipEntry, "title"): (Exchange, "tip_title"),
}


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
            if width is not None and (struct, name) != (ComponentEntry, "paper_trading"):  # a struct of its own
                yield struct, name, kind, width
    _, address = get_args(get_type_hints(ExchangeEntry, include_extras=True)["links"])
    yield ExchangeEntry, "links", address, ExchangeLink._meta.get_field("url").max_length


def test_no_text_that_a_file_may_hold_is_longer_than_its_column() -> None:
    columns = {f"{struct.__name__}.{name}": (longest(kind), width) for struct, name, kind, width in text_columns()}

    assert (columns["AliasEntry.name"], columns["TipEntry.title"], columns["ExchangeEntry.links"]) == (
        (120, 120),
        (120, 120),
        (200, 500),
    )
    assert {name: pair for name, pair in columns.items() if pair[0] is None or pair[0] > pair[1]} == {}


def test_fault_names_the_line_of_its_key(catalogue_copy: Path) -> None:
    path = catalogue_copy / "exchanges" / "kucoin.yaml"
    line = replace(path, "intervals: [1m, 3m", "intervals: [1m, 3min")
    missing = replace(path, "  - kind: perp_candles\n    status: available", "  - kind: perp_candles")

    assert refusal(catalogue_copy) == [
        f"exchanges/kucoin.yaml:{line}: components[2].intervals[1]: '3min' is not valid; did you mean '3m'?",
        f"exchanges/kucoin.yaml:{missing}: components[3].status: missing",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("slug: a\nslug: b\n", ":2: 'slug' stands twice, first on line 1"),
        ("links:\n  fees: x\n  fees: y\n", ":3: 'fees' stands twice, first on line 2"),
        ("name: [Kraken\n", ":2: not YAML: expected ',' or ']', but got '<stream end>'"),
        ("name: Kraken\n\tslug: kraken\n", ":2: not YAML: found character '\\t' that cannot start any token"),
        ("a: &x [1]\nb: *x\n", ":2: not YAML: aliases are not allowed here"),
        ("name: !!python/name:os.system x\n", ":1: not YAML: tags are not allowed here"),
        ("has_fee_share: !!bool x\n", ":1: not YAML: tags are not allowed here"),
        ('name: Kraken\n"\\ud800": x\n', ":2: a key must be a word"),
        (5000 * "9", f":1: expected a mapping, got '{60 * '9'}…'"),
        ("a: 1\n---\nb: 2\n", ":2: not YAML: but found another document"),
        ("[" * 1000, ": not YAML that can be read: nested too deeply"),
        ("", ": the file is empty"),
        ("? [slug]\n: kraken\n", ":1: a key must be a word"),
        ("# nothing but a comment\n", ": the file is empty"),
        ("- kraken\n", ":1: expected a mapping, got a list"),
        ("kraken\n", ":1: expected a mapping, got 'kraken'"),
        (
            "a: \x07\n",
            ": not YAML: unacceptable character #x0007: special characters are not allowed in "
            '"<unicode string>", position 3',
        ),
    ],
    ids=range(17),
)
def test_text_that_is_no_catalogue_file_is_refused(catalogue_copy: Path, content: str, said: str) -> None:
    (catalogue_copy / "exchanges" / "other.yaml").write_text(content, encoding="utf-8")

    assert refusal(catalogue_copy) == [f"exchanges/other.yaml{said}"]


def test_file_that_is_not_utf8_is_refused(catalogue_copy: Path) -> None:
    (catalogue_copy / "exchanges" / "other.yaml").write_bytes("name: Café\n".encode("latin-1"))

    assert refusal(catalogue_copy) == ["exchanges/other.yaml: cannot be read: not UTF-8"]


def test_file_with_another_ending_is_refused_not_passed_over(catalogue_copy: Path) -> None:
    (catalogue_copy / "exchanges" / "other.yml").write_text("slug: other\n", encoding="utf-8")
    (catalogue_copy / "exchanges" / ".kraken.yaml.swp").write_text("", encoding="utf-8")

    assert refusal(catalogue_copy) == ["exchanges/other.yml: not a catalogue file: the name must end in .yaml"]


def test_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueRefused, match="there is no catalogue: no folder exchanges in it"):
        read_catalogue(tmp_path)
    (tmp_path / "exchanges").mkdir()

    assert refusal(tmp_path) == [
        "exchanges: no exchange in the catalogue",
        "maintainers.yaml: cannot be read: No such file or directory",
    ]


def test_same_slug_twice_is_refused(catalogue_copy: Path) -> None:
    maintainers = catalogue_copy / "maintainers.yaml"
    maintainers.write_text(
        maintainers.read_text() + "  - slug: hummingbot-foundation\n    name: Another\n    kind: person\n"
    )

    assert refusal(catalogue_copy) == [
        "maintainers.yaml:8: maintainers[1].slug: 'hummingbot-foundation' stands twice",
    ]


def test_faults_of_proposals_are_found(catalogue_copy: Path) -> None:
    proposals = catalogue_copy / "proposals.yaml"
    entry = f'  - {{snapshot_id: "{VOTE_ID}", kind: hip, number: HIP-35, state: passed, exchanges: [krakn]}}\n'
    proposals.write_text("proposals:\n" + entry * 2)

    assert refusal(catalogue_copy) == [
        "proposals.yaml:2: proposals[0].exchanges[0]: no exchange 'krakn' in the catalogue; did you mean 'kraken'?",
        "proposals.yaml:3: proposals[1].exchanges[0]: no exchange 'krakn' in the catalogue; did you mean 'kraken'?",
        f"proposals.yaml:3: proposals[1].snapshot_id: '{VOTE_ID}' stands twice",
    ]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (
            f"https://snapshot.org/#/hbot-ip.eth/proposal/0x{64 * '0'}",
            "the link names another vote than snapshot_id: 0x000",
        ),
        ("https://example.org/1", "“https://example.org/1” is no address of Snapshot's"),
    ],
)
def test_link_that_is_not_that_of_the_vote_is_refused(catalogue_copy: Path, link: str, said: str) -> None:
    line = replace(
        catalogue_copy / "proposals.yaml", f"url: https://snapshot.org/#/hbot-ip.eth/proposal/{VOTE_ID}", f"url: {link}"
    )

    (refused,) = refusal(catalogue_copy)
    assert refused.startswith(f"proposals.yaml:{line}: proposals[0].url: {said}")


def test_all_faults_of_all_files_are_told_at_once_and_none_is_a_consequence(catalogue_copy: Path) -> None:
    replace(catalogue_copy / "maintainers.yaml", "kind: organisation", "kind: club")
    replace(catalogue_copy / "proposals.yaml", "state: passed", "state: done")
    replace(catalogue_copy / "exchanges" / "kraken.yaml", "market_type: clob", "market: clob")
    replace(catalogue_copy / "exchanges" / "kucoin.yaml", "status: available", "status: [available")

    # KuCoin's maintainer and Kraken's proposal stand in files that could not be read: that is not KuCoin's fault.
    assert [line.partition(": ")[2] for line in refusal(catalogue_copy)] == [
        "market_type: missing",
        "market: unknown key; did you mean 'market_type'?",
        "not YAML: expected ',' or ']', but got ':'",
        "maintainers[0].kind: 'club' is not valid; valid: organisation, person",
        "proposals[0].state: 'done' is not valid; valid: active, passed, pending, rejected, unknown, withdrawn",
    ]


WORDS = st.sampled_from(["kraken", "websocket", "available", "1m", "LIMIT", "https://a.example/b", "", "2023-01-13"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.integers(0, 2), inner, max_size=3),
    max_leaves=6,
)
KUCOIN = read_yaml((CATALOGUE_DIR / "exchanges" / "kucoin.yaml").read_text(encoding="utf-8"))
KUCOIN_PATHS = sorted((path for path in KUCOIN.lines if path), key=str)


@given(value=VALUES, data=st.data())
@settings(max_examples=60, derandomize=True, deadline=None)
def test_what_is_found_faultless_always_converts(value: Any, data: st.DataObject) -> None:
    *around, last = data.draw(st.sampled_from(KUCOIN_PATHS))
    content = place = copy.deepcopy(KUCOIN.content)
    for part in around:
        place = place[part]
    place[last] = value

    found = list(faults(content, ExchangeEntry))

    if not found:
        msgspec.convert(content, ExchangeEntry)
    assert all(path[: len(around) + 1] == (*around, last) or path[:-1] == (*around,) for path, _ in found)


def test_every_component_kind_can_be_declared(catalogue_copy: Path) -> None:
    path = catalogue_copy / "exchanges" / "dex.yaml"
    rows = "".join(f"  - {{kind: {kind.value}, status: not_built}}\n" for kind in ComponentKind)
    path.write_text(
        f"slug: dex\nname: Dex\nexchange_type: dex\nmarket_type: amm\nmaintainer: null\ncomponents:\n{rows}"
    )

    (dex,) = (entry for entry in read_catalogue(catalogue_copy).exchanges if entry.slug == "dex")
    assert [component.kind for component in dex.components] == list(ComponentKind)
