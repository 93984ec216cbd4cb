"""What a page states goes into the registry's entry as far as a catalogue file could hold it, and nothing else."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from registry.choices import (
    ComponentKind,
    DeclaredStatus,
    ExchangeType,
    Lifecycle,
    LinkKind,
    MaintainerKind,
    MaintenanceState,
    OrderType,
)
from registry.importers.pages import read_page
from registry.services.catalogue.schema import (
    ComponentEntry,
    ExchangeEntry,
    KeyStepEntry,
    LifecycleEntry,
    MaintainerEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    TipEntry,
)
from registry.services.pages import Severity, differences
from registry.services.pages.merge import NotKept, merged
from tests.registry.page_import.pages import BELL, KNOWN, bell, entry, spot

EMPTY = ExchangeEntry(slug="bell", name="Bell", exchange_type=None, market_type=None, components=[])


def test_page_fills_an_empty_entry_with_all_that_it_states() -> None:
    result = merged(bell(), EMPTY, KNOWN)

    assert result.not_kept == []
    row = MaintenanceEntry(maintainer="ann", state=MaintenanceState.ACTIVE, source="bell.md")
    assert result.entry == entry(maintainers=[row])


def test_page_that_says_the_same_changes_nothing() -> None:
    assert merged(bell(), entry(), KNOWN).entry == entry()


def test_word_of_the_page_replaces_and_what_it_leaves_out_stays() -> None:
    before = entry(
        exchange_type=ExchangeType.DEX,
        links={LinkKind.SDK: "https://bell.example/sdk", LinkKind.FEES: "https://old.example"},
        key_creation_steps=[KeyStepEntry(text="Log in.")],
        components=[
            spot(notes="Old words", usage_example="start()", order_types=[OrderType.MARKET, OrderType.LIMIT]),
            ComponentEntry(kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.NOT_BUILT, notes="Stays"),
        ],
    )

    after = merged(bell(), before, KNOWN).entry

    assert after.exchange_type == ExchangeType.CEX
    assert after.links == {
        LinkKind.SDK: "https://bell.example/sdk",
        LinkKind.FEES: "https://bell.example/fees",
        LinkKind.WEBSITE: "https://bell.example",
    }
    assert after.key_creation_steps == before.key_creation_steps
    assert [component.kind.value for component in after.components] == [
        "spot_connector",
        "perp_connector",
        "spot_candles",
    ]
    assert after.components[0] == spot(usage_example="start()", order_types=[OrderType.MARKET, OrderType.LIMIT])
    assert after.components[1] == before.components[1]


def test_words_and_address_of_countries_are_one_line() -> None:
    page = bell(("- **Fees**", "- **Supported Countries**: <https://bell.example/countries>\n- **Fees**"))

    after = merged(page, entry(supported_countries="Not available"), KNOWN).entry

    assert (after.supported_countries, after.supported_countries_url) == (None, "https://bell.example/countries")


def test_words_of_a_tip_are_taken_only_where_the_registry_has_none() -> None:
    page = read_page(f'!!! tip "Support us"\n    Open an account.\n\n{BELL}'.encode(), "bell.md")
    ours = TipEntry(title="Support", text="In our words.")

    assert merged(page, entry(tip=ours), KNOWN).entry.tip == ours
    assert merged(page, entry(), KNOWN).entry.tip == TipEntry(title="Support us", text="Open an account.")


def test_closing_slash_changes_no_address() -> None:
    page = bell(("<https://bell.example>", "<https://bell.example/>"))

    assert merged(page, entry(), KNOWN).entry == entry()


def test_notes_on_paper_trading_stay_when_the_page_names_another_id() -> None:
    paper = PaperTradingEntry(mode="simulated", connector_id="old_paper_trade", notes="Ours.")
    page = bell(("### Order Types", "### Paper Trading\n\nRun `connect bell_paper_trade`.\n\n### Order Types"))

    after = merged(page, entry(components=[spot(paper_trading=paper)]), KNOWN).entry.components[0].paper_trading

    assert after is not None
    assert (after.mode, after.connector_id, after.notes) == ("simulated", "bell_paper_trade", "Ours.")


class TestMaintainers:
    @pytest.mark.parametrize("word", ["None", "Community"])
    def test_nobody_and_everybody_are_no_maintainer(self, word: str) -> None:
        result = merged(bell(("Maintainer**: Ann", f"Maintainer**: {word}")), entry(), KNOWN)

        assert result.new_maintainers == []
        assert [(row.maintainer, row.state) for row in result.entry.maintainers] == [("ann", "emeritus")]

    def test_who_is_not_named_any_more_did_maintain_it(self) -> None:
        page = bell(("Maintainer**: Ann", "Maintainer**: Ben & Sons, Ltd"))
        seeking = MaintenanceEntry(maintainer=None, state=MaintenanceState.SEEKING)
        since = MaintenanceEntry(maintainer="ann", state=MaintenanceState.ACTIVE, since=date(2024, 1, 2))

        after = merged(page, entry(maintainers=[since, seeking]), KNOWN).entry.maintainers

        assert after == [
            MaintenanceEntry(
                maintainer="ann", state=MaintenanceState.EMERITUS, since=date(2024, 1, 2), source="bell.md"
            ),
            MaintenanceEntry(maintainer="ben", state=MaintenanceState.ACTIVE, source="bell.md"),
        ]

    def test_who_comes_back_is_active_again(self) -> None:
        emeritus = MaintenanceEntry(maintainer="ann", state=MaintenanceState.EMERITUS)

        after = merged(bell(), entry(maintainers=[emeritus]), KNOWN).entry.maintainers

        assert after == [MaintenanceEntry(maintainer="ann", state=MaintenanceState.ACTIVE, source="bell.md")]

    def test_nobody_ends_a_maintenance_and_no_search(self) -> None:
        page = bell(("Maintainer**: Ann", "Maintainer**: None"))
        seeking = MaintenanceEntry(maintainer=None, state=MaintenanceState.SEEKING)

        after = merged(page, entry(maintainers=[*entry().maintainers, seeking]), KNOWN).entry.maintainers

        assert after == [
            MaintenanceEntry(maintainer="ann", state=MaintenanceState.EMERITUS, source="bell.md"),
            seeking,
        ]

    def test_blank_line_says_nothing(self) -> None:
        assert merged(bell(("Maintainer**: Ann", "Maintainer**:")), entry(), KNOWN).entry == entry()

    @pytest.mark.parametrize(
        ("line", "new"),
        [
            (
                "[Cleo](https://github.com/cleo)",
                MaintainerEntry(slug="cleo", name="Cleo", kind=MaintainerKind.PERSON, url="https://github.com/cleo"),
            ),
            ("Dom, Inc.", MaintainerEntry(slug="dom-inc", name="Dom, Inc.", kind=MaintainerKind.ORGANISATION)),
        ],
    )
    def test_unknown_one_is_new(self, line: str, new: MaintainerEntry) -> None:
        result = merged(bell(("Maintainer**: Ann", f"Maintainer**: {line}")), entry(maintainers=[]), KNOWN)

        assert result.new_maintainers == [new]
        assert [row.maintainer for row in result.entry.maintainers] == [new.slug]

    def test_name_that_no_file_could_hold_is_not_kept(self) -> None:
        result = merged(bell(("Maintainer**: Ann", f"Maintainer**: {'Cleo ' * 25}")), entry(), KNOWN)

        assert result.new_maintainers == []
        assert result.entry.maintainers == entry().maintainers
        assert [(one.place, one.line) for one in result.not_kept] == [("maintainer", 6)]


class TestWhatIsNotKept:
    def test_component_that_is_available_and_has_no_id(self) -> None:
        page = bell(("| Not built |", "| ✅ |"))

        result = merged(page, entry(), KNOWN)

        assert result.entry == entry()
        assert result.not_kept == [
            NotKept(11, "component spot_candles", "connector id: missing: a component that is available needs one")
        ]

    def test_new_component_without_an_id_is_left_out(self) -> None:
        page = read_page(BELL.partition("## 🔀 Spot Connector")[0].encode(), "bell.md")

        result = merged(page, EMPTY, KNOWN)

        assert [component.kind.value for component in result.entry.components] == ["spot_candles"]
        assert [(one.line, one.place) for one in result.not_kept] == [(10, "component spot_connector")]

    @pytest.mark.parametrize(
        ("before", "after", "place"),
        [
            ("Supports testnet", "n" * 501, "component spot_connector notes"),
            ("https://bell.example/fees", f"https://bell.example/{'f' * 600}", "link fees"),
            ("https://code.example/bell", f"https://code.example/{'f' * 600}", "component spot_connector folder url"),
            ("`bell`", f"`{'b' * 81}`", "component spot_connector connector id"),
        ],
    )
    def test_value_that_is_too_long_is_left_out_and_the_rest_is_kept(self, before: str, after: str, place: str) -> None:
        result = merged(bell((before, after), ("- `MARKET`", "- `LIMIT_MAKER`")), entry(), KNOWN)

        assert [one.place for one in result.not_kept] == [place]
        changed = spot(order_types=[OrderType.LIMIT, OrderType.LIMIT_MAKER])
        assert result.entry == entry(components=[changed, entry().components[1]])

    def test_position_modes_of_a_spot_connector(self) -> None:
        page = bell(("### Order Types", "### Position Modes\n\n- One-way\n\n### Order Types"))

        result = merged(page, entry(), KNOWN)

        assert result.entry == entry()
        assert [one.place for one in result.not_kept] == ["component spot_connector position modes"]

    def test_status_of_what_left_the_bot(self) -> None:
        removed = spot(status=DeclaredStatus.REMOVED, removed_in="1.25.0", notes=None)

        result = merged(bell(), entry(components=[removed]), KNOWN)

        assert result.entry.components[0] == spot(status=DeclaredStatus.REMOVED, removed_in="1.25.0")
        assert result.not_kept == [
            NotKept(
                10,
                "component spot_connector status",
                "the page says Available, and it was removed from the bot: edit the registry if it is there again",
            )
        ]

    def test_component_that_is_new_to_an_exchange_that_left_the_bot(self) -> None:
        gone = entry(components=[], lifecycle=LifecycleEntry(state=Lifecycle.REMOVED))

        result = merged(bell(), gone, KNOWN)

        statuses = {component.kind.value: component.status.value for component in result.entry.components}
        assert statuses == {"spot_connector": "removed", "spot_candles": "not_built"}
        assert [(one.line, one.place) for one in result.not_kept] == [(10, "component spot_connector status")]

    def test_entry_with_a_fault_of_its_own_is_left_as_it_is(self) -> None:
        own = msgspec.structs.replace(EMPTY, supported_countries="x" * 201)

        result = merged(bell(("Maintainer**: Ann", "Maintainer**: Cleo")), own, KNOWN)

        assert result.entry is own
        assert result.new_maintainers == []
        assert [one.place for one in result.not_kept] == ["all of it"]
        assert "supported_countries" in result.not_kept[0].reason


@pytest.mark.parametrize("before", [EMPTY, entry(), entry(exchange_type=None, links={}, components=[])])
def test_what_is_merged_does_not_differ_from_its_page_any_more(before: ExchangeEntry) -> None:
    page = bell(("- **Fees**", "- **Supported Countries**: Not available\n- **Fees**"))

    found = differences(page, merged(page, before, KNOWN).entry, maintainers=KNOWN)

    assert [one for one in found if one.severity != Severity.MISSING_THERE] == []
