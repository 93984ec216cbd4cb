"""Importing the tracker: nothing twice, nothing lost, nothing undone, and a word about each line."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.importers.imported import ImportRefused
from registry.models import Alias, Bounty, Exchange, Proposal, Subject
from registry.services.bounties.places import Unplaced
from registry.services.bounties.report import TrackerReport
from registry.services.bounties.tracker import SHIPPED_TRACKER, import_tracker
from registry.services.catalogue import load_catalogue
from registry.services.epochs.actors import Actor
from registry.services.epochs.errors import NotAllowed
from tests.registry.bounties.factories import EDITOR, make_bounty
from tests.registry.importers.test_bounty_tracker import ISSUE, SHIPPED, as_csv

pytestmark = pytest.mark.django_db

VOTE_ID = "0x" + "ab" * 32


def imported(content: bytes, *, dry_run: bool = False) -> TrackerReport:
    report = import_tracker(content, origin="tracker.csv", actor=EDITOR, dry_run=dry_run)
    in_one_list = (report.created, report.changed, report.repeats, report.conflicts, report.problems)
    assert sum(map(len, in_one_list)) + report.unchanged == report.lines
    return report


def everything() -> list[dict[str, Any]]:
    return list(Bounty.objects.order_by("pk").values())


def told(report: TrackerReport) -> list[str]:
    return list(report.sentences())


def test_shipped_tracker_on_the_catalogue_gives_the_numbers_counted_in_the_file() -> None:
    load_catalogue()

    report = imported(SHIPPED)

    assert report.lines == 139
    assert len(report.created) == 131
    assert len(report.changed) == 5  # the two of Kraken and the three of KuCoin that the catalogue has
    assert report.unchanged == 0
    assert [(note.line, note.bounty, note.text) for note in report.repeats] == [
        (45, "5756", "says what line 7 says"),
        (56, "5800", "says what line 6 says"),
        (94, "HIP-23", "says what line 87 says"),
    ]
    assert report.parts == ["6897 stands 3 times for one issue, kept as 3 parts (lines 116, 138, 139)"]
    assert report.conflicts == []
    assert report.problems == []
    assert report.left_alone == []
    assert report.unplaced_by_reason() == {
        Unplaced.NOT_NAMED: 103,
        Unplaced.CHAIN: 3,
        Unplaced.SEVERAL: 1,
        Unplaced.DOCUMENTATION: 1,
    }
    assert [(line.line, line.bounty, line.named) for line in report.unplaced if line.named] == [
        (111, "6769", "Ethereum"),
        (126, "6951", "Ethereum"),
        (127, "302", "Ethereum"),
        (135, "7020", "Multiple"),
        (137, "7112", "Docs"),
    ]
    assert len(report.notes) == 23  # 22 proposals that nobody knows, and one id that is not its issue's number

    assert Bounty.objects.count() == 136
    placed = Bounty.objects.filter(exchange__isnull=False)
    owners = list(placed.order_by("exchange__slug").values_list("exchange__slug", flat=True))
    assert {slug: owners.count(slug) for slug in owners} == {
        "binance": 1,
        "coinbase": 2,
        "dexalot": 1,
        "dydx": 5,
        "hashkey": 1,
        "hyperliquid": 1,
        "injective": 1,
        "kraken": 2,
        "kucoin": 3,
        "mexc": 1,
        "okx": 3,
        "pancakeswap": 1,
        "polkadex": 1,
        "uniswap": 4,
        "xrpl": 1,
    }


def test_shipped_tracker_on_an_empty_registry_loses_nothing() -> None:
    report = imported(SHIPPED)

    assert len(report.created) == 136
    assert report.unplaced_by_reason() == {
        Unplaced.NOT_NAMED: 103,
        Unplaced.SEVERAL: 1,
        Unplaced.DOCUMENTATION: 1,
        Unplaced.UNKNOWN: 31,
    }
    assert Bounty.objects.filter(exchange=None).count() == 136
    assert Bounty.objects.get(tracker_id="7020").named == "Multiple"


def test_parts_of_one_issue_keep_their_own_money() -> None:
    imported(SHIPPED)

    parts = Bounty.objects.filter(tracker_id="6897").order_by("part")
    assert [(part.part, part.sponsor, part.reward) for part in parts] == [
        (1, "Foundation", "700,000 HBOT"),
        (2, "dYdX", "4,000 USDC"),
        (3, "dYdX", "3,000 USDC"),
    ]


def test_lines_that_do_not_say_the_amount_or_the_unit_are_kept_as_not_stated() -> None:
    imported(SHIPPED)

    assert Bounty.objects.get(tracker_id="7123").reward == "not stated"
    assert Bounty.objects.get(tracker_id="7211").reward == "50,000 (unit not stated)"


def test_same_bytes_again_change_nothing_but_the_time_of_the_last_sync() -> None:
    load_catalogue()
    imported(SHIPPED)
    Bounty.objects.update(last_synced_at=timezone.now() - timedelta(days=1))
    before = everything()

    report = imported(SHIPPED)

    assert (report.created, report.changed, report.unchanged) == ([], [], 136)
    assert len(report.unplaced) == 108
    after = everything()
    assert all(new.pop("last_synced_at") > old.pop("last_synced_at") for new, old in zip(after, before, strict=True))
    assert after == before


def test_dry_run_says_the_same_and_writes_nothing() -> None:
    load_catalogue()
    before = everything()

    foretold = imported(SHIPPED, dry_run=True)

    assert everything() == before
    assert told(foretold) == told(imported(SHIPPED))


@pytest.mark.parametrize("tracker_first", [True, False], ids=["tracker first", "catalogue first"])
def test_catalogue_and_tracker_make_no_twins_in_either_order(tracker_first: bool) -> None:
    steps = [lambda: imported(SHIPPED), load_catalogue]
    for step in steps if tracker_first else steps[::-1]:
        step()
    imported(SHIPPED)

    assert Bounty.objects.count() == 136
    hip_35 = Bounty.objects.get(tracker_id="HIP-35")
    assert (str(hip_35.exchange), hip_35.title, hip_35.named) == ("Kraken", "Update Kraken connector", "Kraken")
    assert hip_35.proposal == Proposal.objects.get(number="HIP-35")
    spot = Bounty.objects.get(tracker_id="6955")
    assert spot.component is not None
    assert (spot.component.kind, spot.title) == ("spot_connector", "Add Kucoin HFT connector")
    assert load_catalogue().changes == []
    assert imported(SHIPPED).unchanged == 136


def test_tracker_wins_for_what_it_states_and_leaves_the_rest(exchange: Exchange) -> None:
    bounty = make_bounty(
        exchange,
        tracker_id="6974",
        issue_url=f"{ISSUE}6974",
        title="Mend the candles",
        assignee="octocat",
        sponsor="Somebody",
        amount=Decimal(1),
        state="open",
    )

    report = imported(as_csv({"Connector": "Some Exchange", "Bounty Status": "Paid"}))

    assert [str(note) for note in report.changed] == [
        "line 2: 6974: kind “improvement” to “bug_p2”; sponsor “Somebody” to “Foundation”; "
        "named nothing to “Some Exchange”; amount “1.00” to “136000”; state “open” to “paid”"
    ]
    bounty.refresh_from_db()
    assert (bounty.exchange, bounty.title, bounty.assignee) == (exchange, "Mend the candles", "octocat")
    assert (bounty.reward, bounty.state) == ("136,000 HBOT", "paid")


def test_empty_cell_takes_nothing_away() -> None:
    imported(as_csv({}))

    report = imported(as_csv({"Bounty Amount": "", "Denomination": "", "Source": "", "Connector": ""}))

    assert report.unchanged == 1
    bounty = Bounty.objects.get()
    assert (bounty.reward, bounty.sponsor, bounty.named) == ("136,000 HBOT", "Foundation", "Kucoin")


def test_later_catalogue_does_not_undo_what_a_newer_tracker_states() -> None:
    load_catalogue()
    imported(
        SHIPPED.replace(b'7052,Bug: P3,Foundation,Kraken,"30,000",HBOT,Paid', b"7052,Bug: P3,X,Kraken,5,USDC,Open")
    )

    assert load_catalogue().changes == []

    bounty = Bounty.objects.get(tracker_id="7052")
    assert (bounty.sponsor, bounty.reward, bounty.state) == ("X", "5 USDC", "open")


def test_bounty_is_placed_once_its_name_is_known(exchange: Exchange) -> None:
    assert imported(as_csv({"Connector": "S.E."})).unplaced[0].reason is Unplaced.UNKNOWN
    subject = Subject.objects.create(kind="exchange", slug="some-exchange", name="Some Exchange", exchange=exchange)
    Alias.objects.create(subject=subject, name="SE", key="se", to_epoch=3)

    report = imported(as_csv({"Connector": "S.E."}))

    assert [str(note) for note in report.changed] == ["line 2: 6974: exchange nothing to “Some Exchange”"]
    assert report.unplaced == []
    assert Bounty.objects.get().exchange == exchange


def test_bounty_stays_where_somebody_put_it(exchange: Exchange) -> None:
    Exchange.objects.create(slug="kucoin", name="KuCoin")
    make_bounty(exchange, tracker_id="6974", issue_url=f"{ISSUE}6974")

    report = imported(as_csv({}))

    assert [str(note) for note in report.notes] == [
        "line 2: 6974: the tracker names KuCoin; it stays with Some Exchange, as it is here"
    ]
    assert Bounty.objects.get().exchange == exchange


def test_name_of_two_exchanges_places_nothing(exchange: Exchange) -> None:
    other = Exchange.objects.create(slug="other", name="Other")
    for venue in (exchange, other):
        subject = Subject.objects.create(kind="exchange", slug=venue.slug, name=venue.name, exchange=venue)
        Alias.objects.create(subject=subject, name="Twin", key="twin")

    (line,) = imported(as_csv({"Connector": "twin"})).unplaced

    assert str(line) == "line 2: 6974: twin: more than one exchange goes by that name"


def test_name_of_an_exchange_and_a_chain_means_the_exchange(exchange: Exchange) -> None:
    Subject.objects.create(kind="chain", slug="some-exchange", name="Some Exchange")

    assert imported(as_csv({"Connector": "some exchange"})).unplaced == []


def test_proposal_is_linked_only_where_its_number_is_one_proposal() -> None:
    first = Proposal.objects.create(kind="hip", number="HIP-4", snapshot_id=VOTE_ID)
    content = as_csv({"Bounty ID": "HIP-4: Curve", "Connector": ""})

    assert imported(content).notes == []
    assert Bounty.objects.get().proposal == first

    Bounty.objects.all().delete()
    Proposal.objects.create(kind="hip", number="HIP-4", snapshot_id=VOTE_ID.replace("a", "c"))
    (note,) = imported(content).notes
    assert str(note) == "line 2: HIP-4: Curve: 2 proposals are known as HIP-4, so it is linked to none"
    assert Bounty.objects.get().proposal is None


def test_two_rows_for_one_bounty_are_a_conflict_for_a_person() -> None:
    for _ in range(2):
        make_bounty(tracker_id="6974", issue_url=f"{ISSUE}6974")
    before = everything()

    (conflict,) = imported(as_csv({})).conflicts

    assert str(conflict) == ("line 2: 6974: the registry has 2 bounties with this id, issue and part: keep one of them")
    assert everything() == before


def test_more_parts_than_any_bounty_has_are_a_conflict() -> None:
    report = imported(as_csv(*({"Bounty Amount": str(amount)} for amount in range(101))))

    assert len(report.created) == 99
    assert [note.line for note in report.conflicts] == [101, 102]
    assert Bounty.objects.count() == 99


def test_bounty_that_left_the_tracker_is_kept_and_named() -> None:
    imported(as_csv({}, {"Bounty ID": "12", "Bounty Amount": "5"}))

    report = imported(as_csv({}))

    assert report.left_alone == ["12 5 HBOT: an earlier tracker stated it, and no line of this one does"]
    assert Bounty.objects.count() == 2


def test_line_that_cannot_be_read_is_told_and_the_others_are_imported() -> None:
    report = imported(as_csv({"Denomination": "BTC"}, {"Bounty ID": "12"}))

    assert "not read: line 2: Denomination: “BTC” is none of HBOT, USDC, USDT" in told(report)
    assert [bounty.tracker_id for bounty in Bounty.objects.all()] == ["12"]


def test_refused_file_writes_nothing() -> None:
    with pytest.raises(ImportRefused, match="Unknown column “Colour”"):
        imported(as_csv({}).replace(b"Connector", b"Colour", 1))

    assert everything() == []


@pytest.mark.parametrize("permission", ["add_bounty", "change_bounty"])
def test_import_needs_the_permission_to_add_and_to_change(permission: str) -> None:
    actor = Actor("viewer", {permission}.__contains__)

    with pytest.raises(NotAllowed, match="viewer may not import the bounty tracker"):
        import_tracker(SHIPPED_TRACKER.read_bytes(), origin="tracker.csv", actor=actor)

    assert everything() == []


def test_import_takes_a_handful_of_queries_for_any_number_of_lines(django_assert_max_num_queries: Any) -> None:
    load_catalogue()
    imported(SHIPPED)

    with django_assert_max_num_queries(10):
        imported(SHIPPED)


ROWS = st.fixed_dictionaries(
    {
        "Bounty ID": st.sampled_from(["1", "2", "HIP-3"]),
        "Issue Link": st.sampled_from(["", f"{ISSUE}1"]),
        "Bounty Amount": st.sampled_from(["", "5", "7,000"]),
        "Bounty Status": st.sampled_from(["Open", "Paid", "Lost"]),
    }
)


@settings(max_examples=25)
@given(st.lists(st.lists(ROWS, max_size=6), min_size=1, max_size=4))
def test_no_row_of_trackers_makes_twins_or_loses_a_line(trackers: list[list[dict[str, str]]]) -> None:
    Bounty.objects.all().delete()
    for rows in trackers:
        imported(as_csv(*rows))
        stated = {(row["Bounty ID"], row["Issue Link"]) for row in rows if row["Bounty Status"] != "Lost"}

        keys = list(Bounty.objects.values_list("tracker_id", "issue_url", "part"))
        assert len(keys) == len(set(keys))
        assert stated <= {key[:2] for key in keys}
        again = imported(as_csv(*rows))
        assert (again.created, again.changed, again.conflicts) == ([], [], [])
