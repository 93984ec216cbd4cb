"""What is exported is what a load would read back: the same registry, and the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.choices import (
    BountyKind,
    BountyState,
    BountyUnit,
    ComponentKind,
    DeclaredStatus,
    ExchangeType,
    Interval,
    Lifecycle,
    LinkKind,
    MaintenanceState,
)
from registry.models import Bounty, Component, Exchange, Maintenance, Proposal, Subject
from registry.services.bounties.tracker import SHIPPED_TRACKER, import_tracker
from registry.services.catalogue import entries, entry_of, load_catalogue, read_catalogue
from registry.services.catalogue.reader import Reader
from registry.services.catalogue.render import yaml_text
from registry.services.catalogue.schema import (
    BountyEntry,
    ChainEntry,
    ComponentEntry,
    ExchangeEntry,
    KeyStepEntry,
    LifecycleEntry,
    MaintenanceEntry,
    TipEntry,
)
from registry.services.catalogue.write import ExportRefused, export_catalogue
from tests.registry.bounties.factories import EDITOR
from tests.registry.test_catalogue_files import replace

pytestmark = pytest.mark.django_db


def files_in(directory: Path) -> dict[str, bytes]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


@contextmanager
def taken_back() -> Iterator[None]:
    """What is written to the database inside is undone at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def command(*args: object) -> list[str]:
    out = StringIO()
    call_command("catalogue", *map(str, args), stdout=out)
    return out.getvalue().splitlines()


def without_order(entry: ExchangeEntry) -> ExchangeEntry:
    """Who maintains stands in no order."""
    return msgspec.structs.replace(entry, maintainers=sorted(entry.maintainers, key=repr))


@pytest.mark.slow(reason="loads every exchange there is")
def test_every_exchange_is_given_back_as_its_file_has_it() -> None:
    load_catalogue()

    with CaptureQueriesContext(connection) as queries:
        given_back = entries()

    stated = sorted(read_catalogue().exchanges, key=lambda entry: entry.slug)
    assert list(map(without_order, given_back)) == list(map(without_order, stated))
    assert len(queries) == 5


@pytest.mark.slow(reason="loads all there is twice, and exports it twice")
def test_whole_registry_comes_back_byte_for_byte(tmp_path: Path) -> None:
    with taken_back():
        load_catalogue()
        import_tracker(SHIPPED_TRACKER.read_bytes(), origin="the shipped one", actor=EDITOR)
        export_catalogue(tmp_path / "first")
        assert load_catalogue(tmp_path / "first").changes == []
    assert not Exchange.objects.exists()

    load_catalogue(tmp_path / "first")
    export_catalogue(tmp_path / "second")

    first = files_in(tmp_path / "first")
    assert files_in(tmp_path / "second") == first
    assert len(read_catalogue(tmp_path / "first").bounties) > 100  # the tracker's
    assert {"maintainers.yaml", "policies/hgp-45.v1.yaml", "exchanges/kraken.yaml", "subjects.yaml"} <= set(first)


def odd_registry() -> None:
    """What no shipped file says, as people and importers may have written it."""
    kraken, kucoin = (Exchange.objects.get(slug=slug) for slug in ("kraken", "kucoin"))
    Maintenance.objects.create(exchange=kraken, state="seeking", source="a call")
    Exchange.objects.filter(pk=kraken.pk).update(
        chains=[{"chain": "ethereum", "networks": ["mainnet", "base"]}], partnership="partner", tip="Two\n\nparts: a #b"
    )
    Component.objects.filter(exchange=kucoin, kind="perp_connector").update(position=0, v2_strategies=False)
    old = Exchange.objects.create(slug="old", name="Öld: Exchange", lifecycle="renamed", renamed_to=kraken)
    Subject.objects.create(kind="exchange", slug="old", name="Öld: Exchange", exchange=old).aliases.create(
        name="Öld: Exchange", key="öldexchange"
    )
    unknown = Proposal.objects.create(kind="hip", number="HIP-12", state="passed", space="hbot-ip.eth")
    unknown.exchanges.set([old, kraken])
    Bounty.objects.create(
        exchange=kraken, tracker_id="77", part=2, kind="bug_p2", state="open", amount=Decimal("0.55"), unit="USDC",
        proposal=unknown, assignee="yes", fingerprint="0" * 64, named="Kraken",
    )  # fmt: skip
    Bounty.objects.create(tracker_id="on", kind="bug_p2", state="open", title="12:30", issue_url="https://a.example/1")
    Bounty.objects.create(
        exchange=old, tracker_id="78", kind="bug_p2", state="open", amount=Decimal("1234567890123.45"), unit="HBOT"
    )


@pytest.mark.slow(reason="loads and exports a catalogue twice")
def test_what_people_wrote_by_hand_comes_back_too(catalogue_copy: Path, tmp_path: Path) -> None:
    with taken_back():
        load_catalogue(catalogue_copy)
        odd_registry()
        written = entries()
        export_catalogue(tmp_path / "first")
        assert load_catalogue(tmp_path / "first").changes == []

    load_catalogue(tmp_path / "first")
    export_catalogue(tmp_path / "second")

    assert entries() == written
    assert files_in(tmp_path / "second") == files_in(tmp_path / "first")
    bounty = Bounty.objects.get(tracker_id="77")
    assert (bounty.amount, bounty.part, bounty.proposal.number) == (Decimal("0.55"), 2, "HIP-12")
    assert Bounty.objects.get(tracker_id="78").amount == Decimal("1234567890123.45")
    assert Proposal.objects.get(number="HIP-12").space == "hbot-ip.eth"


def test_exchange_of_name_and_type_alone_needs_no_file(catalogue_copy: Path, tmp_path: Path) -> None:
    load_catalogue(catalogue_copy)

    export_catalogue(tmp_path / "export")

    assert [path.name for path in (tmp_path / "export" / "exchanges").iterdir()] == ["kraken.yaml", "kucoin.yaml"]
    subjects = {entry.slug: entry for entry in read_catalogue(tmp_path / "export").subjects}
    assert subjects["htx"].exchange_type == ExchangeType.CEX


def test_files_that_say_the_same_are_kept_to_the_letter(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    before = files_in(catalogue_copy)

    assert command("export", catalogue_copy)[-1].startswith("0 files written; ")
    assert files_in(catalogue_copy) == before

    Exchange.objects.filter(slug="kraken").update(supported_countries="Worldwide")
    assert command("export", catalogue_copy)[0] == "wrote exchanges/kraken.yaml"
    after = files_in(catalogue_copy)
    assert {name for name in after if after[name] != before[name]} == {"exchanges/kraken.yaml"}
    assert after["exchanges/kraken.yaml"].splitlines()[:2] == before["exchanges/kraken.yaml"].splitlines()[:2]
    assert b"supported_countries: Worldwide\n" in after["exchanges/kraken.yaml"]
    assert load_catalogue(catalogue_copy).changes == []


@pytest.mark.parametrize("name", ["notes.txt", "exchanges/kraken.md", "src/app.py"])
def test_folder_of_somebody_else_is_refused(catalogue_copy: Path, tmp_path: Path, name: str) -> None:
    load_catalogue(catalogue_copy)
    theirs = tmp_path / "theirs" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine\n")

    with pytest.raises(CommandError, match="holds what no export writes: ") as refused:
        command("export", tmp_path / "theirs")

    assert name.partition("/")[0] in str(refused.value)
    assert files_in(tmp_path / "theirs") == {name: b"mine\n"}


def test_row_that_no_file_could_hold_is_named(catalogue_copy: Path, tmp_path: Path) -> None:
    load_catalogue(catalogue_copy)
    Component.objects.filter(exchange__slug="kraken", kind="spot_connector").update(order_types=["STOP"])

    with pytest.raises(CommandError) as refused:
        command("export", tmp_path / "export")

    assert str(refused.value).splitlines() == [
        "The registry holds what no file may say:",
        "Kraken Spot Connector: order_types: Invalid enum value 'STOP' - at `$[0]`",
        "Correct these rows in the admin. Nothing was written.",
    ]
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("name", ["exchanges", "policies"])
def test_folder_that_leads_elsewhere_is_refused(catalogue_copy: Path, tmp_path: Path, name: str) -> None:
    load_catalogue(catalogue_copy)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CommandError, match=f"holds what no export writes: {name}. Name an empty folder"):
        command("export", tmp_path / "theirs")

    (tmp_path / "theirs" / name).unlink()
    (tmp_path / "theirs" / name).write_text("mine\n")
    with pytest.raises(CommandError, match=f"holds what no export writes: {name}. Name an empty folder"):
        command("export", tmp_path / "theirs")

    assert files_in(tmp_path / "theirs") == {name: b"mine\n"}
    assert files_in(tmp_path / "elsewhere") == {}


def test_file_that_is_a_link_is_replaced_and_not_followed(catalogue_copy: Path, tmp_path: Path) -> None:
    load_catalogue(catalogue_copy)
    kraken, other = catalogue_copy / "exchanges" / "kraken.yaml", tmp_path / "other.yaml"
    kraken.rename(other)
    kraken.symlink_to(other)
    before = other.read_bytes()
    Exchange.objects.filter(slug="kraken").update(supported_countries="Worldwide")

    assert command("export", catalogue_copy)[0] == "wrote exchanges/kraken.yaml"
    assert (kraken.is_symlink(), other.read_bytes()) == (False, before)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("exchanges/gone.yaml", "slug: gone\n", "has files of what is not in the registry: exchanges/gone.yaml. Apply"),
        ("policies/gone.v1.yaml", "slug: gone\n", "what is not in the registry: policies/gone.v1.yaml. Apply them, or"),
        ("exchanges/kraken.yaml", "slug: [\n", "kraken.yaml:2: not YAML: .*\nCorrect the files. Nothing was written."),
        ("policies/hgp-45.v1.yaml", "slug: [\n", "hgp-45.v1.yaml:2: not YAML: "),
        ("maintainers.yaml", "maintainers: 1\n", "maintainers.yaml:1: maintainers: expected a list, got the number 1"),
    ],
)
def test_folder_with_files_that_the_registry_does_not_know_is_refused(
    catalogue_copy: Path, name: str, text: str, said: str
) -> None:
    load_catalogue(catalogue_copy)
    (catalogue_copy / name).write_text(text)
    Exchange.objects.filter(slug="kucoin").update(supported_countries="Worldwide")
    before = files_in(catalogue_copy)

    with pytest.raises(ExportRefused, match=said):
        export_catalogue(catalogue_copy)

    assert files_in(catalogue_copy) == before


def test_registry_that_no_file_can_say_is_refused_and_nothing_is_written(catalogue_copy: Path, tmp_path: Path) -> None:
    load_catalogue(catalogue_copy)
    Component.objects.filter(exchange__slug="kraken", kind="spot_connector").update(notes="two\nlines")

    with pytest.raises(CommandError) as refused:
        command("export", tmp_path / "new" / "folder")

    said, place, remedy = str(refused.value).splitlines()
    assert said == "The registry holds what no file may say:"
    assert place.startswith("exchanges/kraken.yaml:")
    assert r": components[0].notes: expected words on one line (500 characters at most), got 'two\nlines'" in place
    assert remedy == "Correct these rows in the admin. Nothing was written."
    assert not (tmp_path / "new").exists()


def test_names_that_a_load_would_change_are_refused(catalogue_copy: Path, tmp_path: Path) -> None:
    load_catalogue(catalogue_copy)
    Subject.objects.filter(kind="exchange", slug="htx").update(name="Huobi")

    with pytest.raises(ExportRefused) as refused:
        export_catalogue(tmp_path / "new")

    assert "changed htx: name 'HTX' to 'Huobi'" in str(refused.value).splitlines()
    assert not (tmp_path / "new").exists()


def test_exchange_that_a_page_asks_for_is_given_as_its_file_would_state_it(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    Exchange.objects.filter(slug="kucoin").update(tip="", tip_title="")
    Component.objects.filter(exchange__slug="kucoin", kind="perp_candles").update(status="removed", removed_in="2.0.0")

    entry = entry_of(Exchange.objects.get(slug="kucoin"))

    assert (entry.tip, entry.lifecycle.state, entry.partnership) == (None, Lifecycle.ACTIVE, None)
    assert [(one.kind, one.status, one.removed_in) for one in entry.components][-1] == (
        ComponentKind.PERP_CANDLES,
        DeclaredStatus.REMOVED,
        "2.0.0",
    )
    assert [(one.maintainer, one.state) for one in entry.maintainers] == [
        ("hummingbot-foundation", MaintenanceState.ACTIVE)
    ]
    assert [bounty.tracker_id for bounty in entry.bounties] == ["6764", "6955", "6974"]


def test_bounty_that_the_tracker_stated_later_keeps_its_word(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    Bounty.objects.create(
        tracker_id="9001", kind="bug_p2", state="paid", amount=7, unit="HBOT", last_synced_at="2026-02-02T00:00:00Z"
    )
    bounties = catalogue_copy / "bounties.yaml"
    bounties.write_text(
        'bounties:\n  - {tracker_id: "9001", exchange: kraken, kind: bug_p2, amount: 5, unit: HBOT, state: open, '
        "last_synced_at: 2026-02-01T00:00:00Z}\n"
    )

    loaded = load_catalogue(catalogue_copy)

    assert loaded.changes == ["placed kraken bounty 9001"]
    assert "kraken bounty 9001: the tracker stated it later, on 2026-02-02" in loaded.left_alone

    replace(bounties, "2026-02-01", "2026-02-03")
    assert [change.partition(":")[0] for change in load_catalogue(catalogue_copy).changes] == [
        "changed kraken bounty 9001"
    ] * 3
    assert Bounty.objects.get(tracker_id="9001").state == "open"


def test_folder_that_cannot_be_written_is_named(catalogue_copy: Path, tmp_path: Path) -> None:
    load_catalogue(catalogue_copy)
    file = tmp_path / "file"
    file.write_text("mine")

    with pytest.raises(CommandError, match=f"{file} is a file; name a folder. Nothing was written."):
        command("export", file)
    with pytest.raises(CommandError, match="/proc/none: cannot be written: "):
        command("export", "/proc/none")


def test_check_counts_what_it_read_and_tells_every_fault(catalogue_copy: Path) -> None:
    with CaptureQueriesContext(connection) as queries:
        (line,) = command("check", catalogue_copy)
    assert line.startswith(f"no problem in {catalogue_copy}: 2 exchanges, ")
    assert len(queries) == 0

    kraken = catalogue_copy / "exchanges" / "kraken.yaml"
    at = replace(kraken, "exchange_type: cex", "exchange_type: cx")
    with pytest.raises(CommandError) as refused:
        command("check", catalogue_copy)

    assert refused.value.returncode == 1
    assert str(refused.value).splitlines()[-2:] == [
        f"{kraken}:{at}: exchange_type: 'cx' is not valid; did you mean 'cex'?",
        "1 problem in the catalogue",
    ]


# Whatever may stand in a file: what YAML would read as something else, breaks of lines, other scripts, and all that
# could end a text too soon.
TRICKY = [
    "yes",
    "null",
    "~",
    "12:30",
    "1_000",
    "0x1f",
    "2026-01-01",
    "- a",
    "a: b",
    "a #b",
    "'",
    '"',
    "|",
    ">-",
    "%",
    "@",
]
WORD = st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
LINE = st.lists(WORD.filter(lambda word: not any(char.isspace() for char in word)), min_size=1, max_size=30).map(
    lambda words: " ".join(words)[:110].strip()
)
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from(" \n\t"), max_size=200).filter(
    str.strip
)
URL = st.sampled_from(["https://a.example/x?y=1#z", "http://b.example", "https://c.example/" + "long/" * 30])
COMPONENT = st.builds(
    ComponentEntry,
    kind=st.just(ComponentKind.SPOT_CANDLES),
    status=st.sampled_from([DeclaredStatus.NOT_BUILT, DeclaredStatus.REMOVED]),
    notes=st.none() | LINE,
    v2_strategies=st.sampled_from([None, True, False]),
    folder_url=st.none() | URL,
    intervals=st.lists(st.sampled_from(Interval), unique=True, max_size=17),
    usage_example=st.none() | TEXT,
)
BOUNTY = st.builds(
    BountyEntry,
    tracker_id=st.sampled_from(["7052", "HIP-35", "1e3", "0.5"]),
    kind=st.sampled_from(BountyKind),
    amount=st.decimals(0, Decimal("999999999999999999.99"), places=2),
    unit=st.sampled_from(BountyUnit),
    state=st.sampled_from(BountyState),
)
ENTRY = st.builds(
    ExchangeEntry,
    slug=st.just("any"),
    name=LINE,
    exchange_type=st.none() | st.sampled_from(ExchangeType),
    market_type=st.none(),
    lifecycle=st.builds(LifecycleEntry, state=st.sampled_from([Lifecycle.ACTIVE, Lifecycle.REMOVED]), source=LINE),
    maintainers=st.just([MaintenanceEntry(maintainer=None, state=MaintenanceState.SEEKING)]),
    chains=st.lists(st.builds(ChainEntry, chain=LINE, networks=st.lists(LINE, unique=True, max_size=3)), max_size=2),
    links=st.dictionaries(st.sampled_from(LinkKind), URL, max_size=4),
    supported_countries=st.none() | LINE,
    has_fee_share=st.booleans(),
    tip=st.none() | st.builds(TipEntry, title=LINE, text=TEXT),
    key_creation_steps=st.lists(
        st.builds(KeyStepEntry, text=TEXT, points=st.lists(TEXT, unique=True, max_size=2)), max_size=2
    ),
    components=st.lists(COMPONENT, max_size=1),
    bounties=st.lists(BOUNTY, max_size=1),
)


@pytest.mark.slow(reason="makes up and reads dozens of whole files")
@given(entry=ENTRY)
@settings(max_examples=50, derandomize=True, deadline=None)
def test_printed_entry_is_read_back_as_it_was(entry: ExchangeEntry, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml_text(entry, "# Source: here\n"), encoding="utf-8", newline="")
    reader = Reader()

    assert (reader.read(path, ExchangeEntry), reader.problems) == (entry, [])


@pytest.mark.parametrize(
    "text",
    [
        "one line, and no more of it\n\n",
        "a line\n\u2028",
        "\n\na line",
        " begins with a space" + " and goes on" * 12,
        "a tab" + 12 * " and goes\t \ton",
        "a line\n  a deeper one \nand one back",
        "---\n# no comment\n...\n",
        "no",
        "0123",
        "1e3",
        "2024-01-01",
    ],
)
def test_text_is_read_back_as_it_was_printed(text: str, tmp_path: Path) -> None:
    file = ExchangeEntry(
        slug="any",
        name="Any",
        exchange_type=None,
        market_type=None,
        tip=TipEntry(title="Tip", text=text),
        components=[],
    )
    (tmp_path / "any.yaml").write_text(yaml_text(file, "# Source: here\n"), encoding="utf-8", newline="")
    reader = Reader()

    assert (reader.read(tmp_path / "any.yaml", ExchangeEntry), reader.problems) == (file, [])
