"""Loading writes all or nothing, once, and says what it did."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry import checks
from registry.models import (
    Alias,
    Bounty,
    Component,
    Exchange,
    ExchangeLink,
    Maintainer,
    Policy,
    Proposal,
    Subject,
    TierAssignment,
)
from registry.services.catalogue import load_catalogue
from tests.registry.test_catalogue_files import VOTE_ID, replace

pytestmark = pytest.mark.django_db

TABLES = [Alias, Bounty, Component, Exchange, ExchangeLink, Maintainer, Policy, Proposal, Subject, TierAssignment]


def everything() -> list[list[dict[str, Any]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in TABLES]


def command(*args: object) -> list[str]:
    out = StringIO()
    call_command("load_catalogue", *args, stdout=out)
    return out.getvalue().splitlines()


def test_first_load_says_what_it_created() -> None:
    lines = command()

    for line in (
        "created maintainer hummingbot-foundation",
        "created kraken",
        "created kraken link api_docs",
        "created kucoin perp_candles",
        "created okx",
        "created subject exchange htx",
        "created alias Huobi of exchange htx",
        "created subject chain injective",
        "created proposal HIP-35",
        "linked proposal HIP-35 to kraken",
        "created kucoin bounty 6955",
    ):
        assert line in lines


def test_second_load_writes_nothing() -> None:
    command()
    before = everything()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        lines = command()

    assert lines == ["nothing to change"]
    assert everything() == before
    kinds = {query["sql"].split()[0] for query in queries.captured_queries}
    assert kinds <= {"SELECT", "SAVEPOINT", "RELEASE"}


def test_dry_run_says_the_same_and_writes_nothing() -> None:
    foretold = command("--dry-run")

    assert everything() == [[] for _ in TABLES]
    assert foretold.pop() == "dry run: nothing was written"
    assert foretold == command()


def test_refused_catalogue_loads_nothing_and_the_command_says_why(catalogue_copy: Path) -> None:
    line = replace(catalogue_copy / "exchanges" / "kucoin.yaml", "maintainer: hummingbot", "maintainer: humming")

    with pytest.raises(CommandError) as refused:
        command("--path", catalogue_copy)

    path = catalogue_copy / "exchanges" / "kucoin.yaml"
    assert str(refused.value) == (
        f"{path}:{line}: maintainer: no maintainer 'humming-foundation' in maintainers.yaml; "
        "did you mean 'hummingbot-foundation'?\n"
        "1 problem in the catalogue; nothing was loaded"
    )
    assert everything() == [[] for _ in TABLES]


def test_load_that_fails_in_the_database_leaves_no_half(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    before = everything()
    replace(catalogue_copy / "exchanges" / "kraken.yaml", "supported_countries: Not available", "")
    replace(catalogue_copy / "exchanges" / "kucoin.yaml", "amount: 136000", "amount: 137000")

    def full_disk(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "registry_bounty"'):
            raise OperationalError("disk full")
        return execute(sql, *rest)

    with connection.execute_wrapper(full_disk), pytest.raises(OperationalError, match="disk full"):
        load_catalogue(catalogue_copy)

    assert everything() == before


def test_changed_fact_is_written_and_named(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    kraken, kucoin = (catalogue_copy / "exchanges" / name for name in ("kraken.yaml", "kucoin.yaml"))
    replace(kraken, "fees: https://www.kraken.com/en-us/features/fee-schedule", "fees: https://www.kraken.com/fees")
    replace(kraken, "  coingecko: https://www.coingecko.com/en/exchanges/kraken\n", "")
    replace(kucoin, "maintainer: hummingbot-foundation", "maintainer: null")
    replace(kucoin, "    position_modes: [one_way, hedge]", "    position_modes: [hedge]")
    replace(catalogue_copy / "proposals.yaml", "exchanges: [kraken]", "exchanges: [kraken, kucoin]")

    assert load_catalogue(catalogue_copy).changes == [
        "changed kraken link api_docs: position 3 to 2",
        "changed kraken link fees: url 'https://www.kraken.com/en-us/features/fee-schedule' "
        "to 'https://www.kraken.com/fees'",
        "changed kraken link fees: position 4 to 3",
        "deleted kraken link coingecko",
        "changed kucoin: maintainer <Maintainer: Hummingbot Foundation> to None",
        "changed kucoin perp_connector: position_modes ['one_way', 'hedge'] to ['hedge']",
        "linked proposal HIP-35 to kraken, kucoin",
    ]
    assert load_catalogue(catalogue_copy).changes == []


def test_component_that_left_its_file_is_kept_as_removed_and_can_come_back(catalogue_copy: Path) -> None:
    path = catalogue_copy / "exchanges" / "kraken.yaml"
    whole = path.read_text()
    load_catalogue(catalogue_copy)
    key = Component.objects.get(exchange__slug="kraken", kind="perp_candles").pk
    replace(path, "  - kind: perp_candles\n    status: not_built\n", "")

    assert load_catalogue(catalogue_copy).changes == ["marked kraken perp_candles as removed: no longer in its file"]
    assert Component.objects.get(pk=key).status == "removed"
    assert load_catalogue(catalogue_copy).changes == []

    path.write_text(whole)
    assert load_catalogue(catalogue_copy).changes == ["changed kraken perp_candles: status 'removed' to 'not_built'"]
    assert Component.objects.get(pk=key).status == "not_built"


def test_no_tier_stands_in_the_files() -> None:
    load_catalogue()

    assert not TierAssignment.objects.exists()


def test_tracker_keeps_its_word_about_a_bounty_that_it_stated(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    key = Bounty.objects.get(tracker_id="6955").pk
    Bounty.objects.filter(pk=key).update(state="closed", amount=1, title="", last_synced_at=timezone.now())

    assert load_catalogue(catalogue_copy).changes == [
        "changed kucoin bounty 6955: title '' to 'Add Kucoin HFT connector'"
    ]

    bounty = Bounty.objects.get(pk=key)
    assert (bounty.state, bounty.amount) == ("closed", 1)


def test_bounty_that_the_tracker_stated_before_is_placed_and_not_doubled() -> None:
    Bounty.objects.create(
        tracker_id="6955",
        issue_url="https://github.com/hummingbot/hummingbot/issues/6955",
        kind="improvement",
        amount=50_000,
        unit="HBOT",
        state="open",
        last_synced_at=timezone.now(),
    )

    changes = load_catalogue().changes

    assert "placed kucoin bounty 6955" in changes
    bounty = Bounty.objects.get(tracker_id="6955")
    assert (bounty.exchange.slug, str(bounty.component), bounty.state) == ("kucoin", "KuCoin Spot Connector", "open")


def test_bounty_of_the_tracker_alone_is_its_own_matter() -> None:
    load_catalogue()
    Bounty.objects.create(tracker_id="1", kind="bug_p2", state="open", last_synced_at=timezone.now())

    assert load_catalogue().left_alone == []


def test_space_of_a_proposal_is_read_from_its_link() -> None:
    load_catalogue()

    assert Proposal.objects.get(number="HIP-35").space == "hbot-ip.eth"


def test_exchange_that_no_file_names_is_left_alone(exchange: Exchange) -> None:
    load_catalogue()

    assert command() == ["left alone: exchange some-exchange: in no file", "nothing to change"]
    assert Exchange.objects.filter(slug="some-exchange").exists()


def test_what_left_the_files_or_never_stood_in_one_is_named(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    replace(catalogue_copy / "maintainers.yaml", "slug: hummingbot-foundation", "slug: hummingbot-found")
    replace(catalogue_copy / "exchanges" / "kucoin.yaml", "maintainer: hummingbot-foundation", "maintainer: null")
    (catalogue_copy / "proposals.yaml").unlink()
    kraken = catalogue_copy / "exchanges" / "kraken.yaml"
    replace(kraken, f'    proposal: "{VOTE_ID}"\n', "")
    replace(kraken, 'tracker_id: "7052"', 'tracker_id: "7053"')
    subjects = catalogue_copy / "subjects.yaml"
    replace(subjects, "      - {name: Huobi, from_epoch: 3, to_epoch: 8}\n", "")
    replace(
        subjects,
        "  - kind: strategy\n    slug: twap\n    name: TWAP\n    aliases:\n      - {name: TWAP, from_epoch: 3}\n",
        "",
    )

    assert load_catalogue(catalogue_copy).left_alone == [
        "alias Huobi of exchange htx: in no file",
        "subject strategy twap: in no file",
        "maintainer hummingbot-foundation: in no file",
        "proposal HIP-35: in no file",
        "kraken bounty 7052: in no file",
    ]


def test_system_check_points_at_a_catalogue_that_would_be_refused(
    catalogue_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.catalogue_is_readable(None) == []
    line = replace(catalogue_copy / "exchanges" / "kraken.yaml", "slug: kraken", "slug: krakn")
    monkeypatch.setattr(checks, "CATALOGUE_DIR", catalogue_copy)

    errors = checks.catalogue_is_readable(None)

    assert [error.id for error in errors] == ["registry.E001"] * len(errors)
    assert f"kraken.yaml:{line}: slug: 'krakn' in a file named kraken.yaml: the two must agree" in errors[0].msg


def test_system_check_points_at_a_faulty_policy_and_a_faulty_record(
    catalogue_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.history_is_readable(None) == []
    policy = replace(catalogue_copy / "policies" / "hgp-45.v1.yaml", "tie: needs_decision", "tie: by_age")
    record = replace(catalogue_copy / "history" / "epoch-12.yaml", 'votes: "10.3m"', 'votes: "10.3x"')
    monkeypatch.setattr(checks, "CATALOGUE_DIR", catalogue_copy)

    (of_policy,), (of_record,) = checks.catalogue_is_readable(None), checks.history_is_readable(None)

    assert (of_policy.id, of_record.id) == ("registry.E001", "registry.E002")
    assert f"hgp-45.v1.yaml:{policy}: tie: 'by_age' is not valid" in of_policy.msg
    assert f"epoch-12.yaml:{record}: polls[0].ranking[0].votes: '10.3x' is no number of votes" in of_record.msg
    assert of_record.hint == "Correct the file; load_history refuses it until then."
