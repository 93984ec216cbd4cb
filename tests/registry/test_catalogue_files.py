"""A malformed catalogue is refused with file, line, key and reason, and with all of its faults at once."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import CatalogueRefused
from registry.services.catalogue import CATALOGUE_DIR, read_catalogue
from registry.services.catalogue.schema import (
    ExchangeEntry,
)
from registry.strict_yaml import faults, read_yaml, source

VOTE_ID = "0x021b7bd4b433182496c0288d8ed83001ddf0686a1f1e482f4dbf7ea972c0faf5"


def replace(path: Path, old: str, new: str) -> int:
    """Replaces the first *old* in the file and returns the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def count_of_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def refusal(directory: Path) -> list[str]:
    """The refusal's lines, with the folder left out of the file names."""
    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue(directory)
    return str(refused.value).replace(f"{directory}/", "").splitlines()


def test_shipped_catalogue_is_read_whole() -> None:
    catalogue = read_catalogue()

    files = sorted((CATALOGUE_DIR / "exchanges").iterdir())
    assert [exchange.slug for exchange in catalogue.exchanges] == [path.stem for path in files]
    assert {"kraken", "kucoin"} <= {exchange.slug for exchange in catalogue.exchanges}
    assert "hummingbot-foundation" in [maintainer.slug for maintainer in catalogue.maintainers]
    assert "HIP-35" in [proposal.number for proposal in catalogue.proposals]


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


def test_what_an_editor_leaves_beside_a_file_is_passed_over(catalogue_copy: Path) -> None:
    """Emacs marks a file that is open with a link to nowhere, macOS keeps what it knows of one beside it."""
    (catalogue_copy / "exchanges" / ".#kraken.yaml").symlink_to("somebody@somewhere.1234")
    (catalogue_copy / "exchanges" / "._kraken.yaml").write_bytes(b"\0\5\x16\7")

    assert len(read_catalogue(catalogue_copy).exchanges) == 2


@pytest.mark.parametrize("name", ["exchanges/other.yaml", "bounties.yaml", "policies/other.v1.yaml"])
def test_what_is_no_plain_file_or_has_no_end_is_refused_unread(catalogue_copy: Path, name: str) -> None:
    path = catalogue_copy / name

    os.mkfifo(path)
    assert refusal(catalogue_copy) == [f"{name}: cannot be read: Not a plain file"]
    path.unlink()
    path.symlink_to("/dev/zero")
    assert refusal(catalogue_copy) == [f"{name}: cannot be read: Not a plain file"]
    path.unlink()
    path.mkdir()
    assert refusal(catalogue_copy) == [f"{name}: cannot be read: Is a directory"]
    path.rmdir()
    path.write_bytes(b"#" * 1_000_001)
    assert refusal(catalogue_copy) == [f"{name}: cannot be read: Larger than a megabyte"]


def test_long_list_takes_no_longer_than_its_length() -> None:
    """Compared each with each, these would take minutes."""
    words = [f"w{number}" for number in range(100_000)]

    assert list(faults([*words, "w0"], list[str])) == [((100_000,), "'w0' stands twice in the list")]


def test_name_of_a_file_gives_a_terminal_no_orders(catalogue_copy: Path) -> None:
    (catalogue_copy / "exchanges" / "\x1b[2Jother").touch()

    (refused,) = refusal(catalogue_copy)
    assert refused.endswith(r"exchanges/\x1b[2Jother': not a catalogue file: the name must end in .yaml")


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

    line, place = count_of_lines(maintainers) - 2, maintainers.read_text().count("- slug: ") - 1
    assert refusal(catalogue_copy) == [
        f"maintainers.yaml:{line}: maintainers[{place}].slug: 'hummingbot-foundation' stands twice",
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


FILED = """bounties:
  - {tracker_id: "9001", exchange: kraken, component: spot_connector, kind: bug_p2, amount: 5, unit: HBOT, state: open}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "exchange: kraken",
            "exchange: krakn",
            "exchange: no exchange 'krakn' in the catalogue; did you mean 'kraken'?",
        ),
        ("exchange: kraken, ", "", "component: belongs to a bounty of an exchange: name that, too"),
        (
            "component: spot_connector",
            "component: amm_connector",
            "component: 'amm_connector' is not among the components of this exchange",
        ),
        (
            "exchange: kraken",
            "exchange: htx",
            "component: 'spot_connector' is not among the components of this exchange",
        ),
        ("amount: 5", "amount: -5", "amount: expected zero or more with at most two decimals, got the number -5"),
        ("state: open", "state: open, proposal: HIP-99", "proposal: no proposal HIP-99 in proposals.yaml"),
        ("state: open", "state: open, part: 0", "part: expected which part of one issue (1 to 99), got the number 0"),
        (
            "state: open",
            "state: open, last_synced_at: 2024-01-01T00:00:00",
            "last_synced_at: expected a time with its zone (2026-11-21T19:00:00Z), got '2024-01-01 00:00:00'",
        ),
        (
            'tracker_id: "9001"',
            'tracker_id: "7052", issue_url: https://github.com/hummingbot/hummingbot/issues/7052',
            "tracker_id: '7052' stands twice for one issue and part",
        ),
    ],
)
def test_faults_of_filed_bounties_are_found(catalogue_copy: Path, old: str, new: str, said: str) -> None:
    path = catalogue_copy / "bounties.yaml"
    path.write_text(FILED, encoding="utf-8")
    assert len(read_catalogue(catalogue_copy).bounties) == 1
    replace(path, old, new)

    assert refusal(catalogue_copy) == [f"bounties.yaml:2: bounties[0].{said}"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "{snapshot_id: null, kind: hip, number: null, state: passed}",
            "number: missing: a vote without an id is known by its number",
        ),
        (
            f'{{snapshot_id: "{VOTE_ID}", kind: hip, number: HIP-1, state: passed, space: hbot-ip.eth, '
            f"url: https://snapshot.org/#/hbot-ip.eth/proposal/{VOTE_ID}}}",
            "space: belongs to a vote without a link: the link names its space",
        ),
    ],
)
def test_vote_without_an_id_or_a_link_is_still_known(catalogue_copy: Path, line: str, said: str) -> None:
    kraken = catalogue_copy / "exchanges" / "kraken.yaml"
    replace(kraken, f'proposal: "{VOTE_ID}"', "proposal: HIP-35")
    proposals = catalogue_copy / "proposals.yaml"
    proposals.write_text("proposals:\n  - {snapshot_id: null, kind: hip, number: HIP-35, state: passed}\n")
    assert [entry.key for entry in read_catalogue(catalogue_copy).proposals] == ["HIP-35"]
    with proposals.open("a") as file:
        file.write(f"  - {line}\n")

    assert refusal(catalogue_copy) == [f"proposals.yaml:3: proposals[1].{said}"]


@pytest.mark.slow(reason="reads every file with the slow parser, too")
def test_both_parsers_read_the_shipped_files_alike() -> None:
    files = [path.read_text(encoding="utf-8") for path in sorted(CATALOGUE_DIR.rglob("*.yaml"))]

    assert source.yaml.__with_libyaml__  # as the pinned wheel has it: else this compares one parser with itself
    assert [source.read_yaml(text) for text in files] == [source._read_in_python(text) for text in files]
