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

from registry import checks
from registry.models import Bounty, Component, Exchange, ExchangeLink, Maintainer, Proposal, TierAssignment
from registry.services.catalogue import load_catalogue
from tests.registry.test_catalogue_files import VOTE_ID, replace

pytestmark = pytest.mark.django_db

TABLES = [Bounty, Component, Exchange, ExchangeLink, Maintainer, Proposal, TierAssignment]


def everything() -> list[list[dict[str, Any]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in TABLES]


def command(*args: object) -> list[str]:
    out = StringIO()
    call_command("load_catalogue", *args, stdout=out)
    return out.getvalue().splitlines()


def test_first_load_says_what_it_created() -> None:
    lines = command()

    assert len(lines) == 36
    for line in (
        "created maintainer hummingbot-foundation",
        "created kraken",
        "created kraken link api_docs",
        "created kucoin perp_candles",
        "recorded kraken Bronze from 2023-10-14 (Epoch 6)",
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
    replace(catalogue_copy / "exchanges" / "kraken.yaml", "name: Kraken", "name: Renamed")
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


def test_new_decision_changes_the_tier_and_keeps_the_old_ones(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    replace(
        catalogue_copy / "exchanges" / "kraken.yaml",
        "tiers:\n",
        "tiers:\n  - {tier: null, effective_from: 2024-01-26, decided_by: HBOT holders, reason: rules without tiers}\n",
    )

    assert load_catalogue(catalogue_copy).changes == ["recorded kraken no tier from 2024-01-26 ()"]
    assert Exchange.objects.with_tier().get(slug="kraken").current_tier == ""
    assert TierAssignment.objects.filter(exchange__slug="kraken").count() == 5


def test_corrected_decision_is_recorded_after_the_old_one(catalogue_copy: Path) -> None:
    path = catalogue_copy / "exchanges" / "kraken.yaml"
    whole = path.read_text()
    load_catalogue(catalogue_copy)
    path.write_text(whole.replace("tier: bronze\n    epoch: Epoch 6", "tier: silver\n    epoch: Epoch 6"))
    assert load_catalogue(catalogue_copy).changes == ["recorded kraken Silver from 2023-10-14 (Epoch 6)"]
    assert load_catalogue(catalogue_copy).changes == []
    path.write_text(whole)
    assert load_catalogue(catalogue_copy).changes == ["recorded kraken Bronze from 2023-10-14 (Epoch 6)"]

    recorded = TierAssignment.objects.filter(exchange__slug="kraken", epoch="Epoch 6").order_by("pk")
    assert [assignment.tier for assignment in recorded] == ["bronze", "silver", "bronze"]
    assert Exchange.objects.get(slug="kraken").current_tier == "bronze"


def test_decision_of_an_admin_outlives_a_load() -> None:
    load_catalogue()
    kraken = Exchange.objects.get(slug="kraken")
    stated = kraken.current_assignment
    assert stated is not None
    TierAssignment.objects.create(
        exchange=kraken,
        tier="gold",
        epoch=stated.epoch,
        effective_from=stated.effective_from,
        reason="the votes were counted again",
        decided_by="HBOT holders",
        recorded_by="an-admin",
    )

    assert load_catalogue().changes == []
    assert Exchange.objects.get(slug="kraken").current_tier == "gold"


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
    replace(kraken, "effective_from: 2023-10-14", "effective_from: 2023-10-15")
    TierAssignment.objects.create(
        exchange=Exchange.objects.get(slug="kucoin"), effective_from="2024-01-26", recorded_by="an-admin"
    )

    assert load_catalogue(catalogue_copy).left_alone == [
        "maintainer hummingbot-foundation: in no file",
        "proposal HIP-35: in no file",
        "kraken Bronze from 2023-10-14 (Epoch 6): in no file",
        "kraken bounty 7052: in no file",
    ]


def test_corrected_decision_is_not_said_to_be_in_no_file(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    replace(catalogue_copy / "exchanges" / "kraken.yaml", "tier: bronze", "tier: silver")

    assert load_catalogue(catalogue_copy).left_alone == []


def test_system_check_points_at_a_catalogue_that_would_be_refused(
    catalogue_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.catalogue_is_readable(None) == []
    line = replace(catalogue_copy / "exchanges" / "kraken.yaml", "slug: kraken", "slug: krakn")
    monkeypatch.setattr(checks, "CATALOGUE_DIR", catalogue_copy)

    errors = checks.catalogue_is_readable(None)

    assert [error.id for error in errors] == ["registry.E001"] * len(errors)
    assert f"kraken.yaml:{line}: slug: 'krakn' in a file named kraken.yaml: the two must agree" in errors[0].msg
