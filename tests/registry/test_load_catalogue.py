"""Loading writes all or nothing, once, and says what it did."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    Maintenance,
    Policy,
    Proposal,
    Subject,
    TierAssignment,
)
from registry.services.catalogue import load_catalogue
from registry.services.catalogue.load import PlanOutdated
from tests.registry.test_catalogue_files import VOTE_ID, replace

pytestmark = pytest.mark.django_db

TABLES = [
    Alias,
    Bounty,
    Component,
    Exchange,
    ExchangeLink,
    Maintainer,
    Maintenance,
    Policy,
    Proposal,
    Subject,
    TierAssignment,
]


def everything() -> list[list[dict[str, Any]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in TABLES]


def command(*args: object) -> list[str]:
    out = StringIO()
    call_command("catalogue", "apply", *map(str, args), stdout=out)
    return out.getvalue().splitlines()


@contextmanager
def typed(text: str) -> Iterator[None]:
    """A terminal, at which somebody types *text*."""
    ours, theirs = pty.openpty()
    os.write(ours, text.encode() or b"\x04")
    with os.fdopen(theirs) as terminal:
        before, sys.stdin = sys.stdin, terminal
        try:
            yield
        finally:
            sys.stdin = before
            os.close(ours)


def test_first_load_says_what_it_created(catalogue_copy: Path) -> None:
    lines = command(catalogue_copy, "--yes")

    for line in (
        "created maintainer hummingbot-foundation",
        "created kraken",
        "created kraken link api_docs",
        "created kucoin maintainer hummingbot-foundation",
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
    created = sum(1 for line in lines if line.startswith("created "))
    assert lines[-1] == f"{created} created, 1 changed, 0 deleted, 0 left alone"


@pytest.mark.slow(reason="loads every exchange there is, twice")
def test_second_load_writes_nothing() -> None:
    command("--yes")
    before = everything()

    with CaptureQueriesContext(connection) as queries:
        lines = command("--yes")

    assert lines == ["nothing to change"]
    assert everything() == before
    kinds = {query["sql"].split()[0] for query in queries.captured_queries}
    assert kinds <= {"SELECT", "SAVEPOINT", "RELEASE"}
    assert len(queries) < 40  # however many exchanges there are


@pytest.mark.parametrize("options", [("--dry-run",), ("--dry-run", "--yes"), ()])
def test_plan_says_what_a_load_would_do_and_writes_nothing(catalogue_copy: Path, options: tuple[str, ...]) -> None:
    foretold = command(catalogue_copy, *options)

    assert everything() == [[] for _ in TABLES]
    said = "dry run: nothing was written" if options else "nothing was written: --yes writes it"
    assert foretold.count(said) == 1
    foretold.remove(said)
    assert foretold == command(catalogue_copy, "--yes")


@pytest.mark.parametrize(("answer", "is_written"), [("y\n", True), ("Yes\n", True), ("\n", False), ("", False)])
def test_somebody_at_a_terminal_is_asked(catalogue_copy: Path, answer: str, is_written: bool) -> None:
    with typed(answer):
        lines = command(catalogue_copy)

    assert lines[-1] == ("written" if is_written else "nothing was written: --yes writes it")
    assert Exchange.objects.exists() == is_written


class SlowPerson(StringIO):
    """Agrees to a plan after somebody else wrote."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        Exchange.objects.create(slug="kraken", name="Kraken", exchange_type="cex")
        return "yes\n"


def test_plan_that_somebody_agreed_to_too_late_is_not_written(
    catalogue_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SlowPerson())

    with pytest.raises(
        CommandError, match="The registry or its files changed since this plan was made; nothing was written"
    ):
        command(catalogue_copy)

    assert list(Exchange.objects.values_list("slug", flat=True)) == ["kraken"]


def test_plan_that_is_out_of_date_is_not_written(catalogue_copy: Path) -> None:
    agreed = load_catalogue(catalogue_copy, dry_run=True).changes
    Exchange.objects.create(slug="kraken", name="Kraken", exchange_type="cex")
    before = everything()

    with pytest.raises(
        PlanOutdated, match="The registry or its files changed since this plan was made; nothing was written"
    ):
        load_catalogue(catalogue_copy, agreed=agreed)

    assert everything() == before


@pytest.mark.parametrize("act", ["check", "apply"])
def test_folder_that_cannot_be_looked_into_says_why(act: str) -> None:
    with pytest.raises(CommandError, match="xx: cannot be read: File name too long"):
        call_command("catalogue", act, 300 * "x")


def test_refused_catalogue_loads_nothing_and_the_command_says_why(catalogue_copy: Path) -> None:
    line = replace(catalogue_copy / "exchanges" / "kucoin.yaml", "maintainer: hummingbot", "maintainer: humming")

    with pytest.raises(CommandError) as refused:
        command(catalogue_copy, "--yes")

    path = catalogue_copy / "exchanges" / "kucoin.yaml"
    assert str(refused.value) == (
        f"{path}:{line}: maintainers[0].maintainer: no maintainer 'humming-foundation' in maintainers.yaml; "
        "did you mean 'hummingbot-foundation'?\n"
        "1 problem in the catalogue; nothing was written"
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
    replace(kucoin, "maintainer: hummingbot-foundation\n    state: active", "maintainer: null\n    state: seeking")
    replace(kucoin, "    position_modes: [one_way, hedge]", "    position_modes: [hedge]")
    replace(catalogue_copy / "proposals.yaml", "exchanges: [kraken]", "exchanges: [kraken, kucoin]")

    assert load_catalogue(catalogue_copy).changes == [
        "changed kraken link fees: url 'https://www.kraken.com/en-us/features/fee-schedule' "
        "to 'https://www.kraken.com/fees'",
        "deleted kraken link coingecko",
        "created kucoin maintainer wanted",
        "deleted kucoin maintainer hummingbot-foundation",
        "changed kucoin perp_connector: position_modes ['one_way', 'hedge'] to ['hedge']",
        "linked proposal HIP-35 to kraken, kucoin",
    ]
    assert load_catalogue(catalogue_copy).changes == []


def test_what_comes_in_another_order_is_put_in_order(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    kraken = catalogue_copy / "exchanges" / "kraken.yaml"
    website = "  website: https://www.kraken.com/\n"
    replace(kraken, website, "")
    replace(kraken, "  fees: https", f"{website}  sdk: https://github.com/krakenfx\n  fees: https")
    replace(kraken, "  - kind: perp_connector\n    status: not_available\n", "")
    replace(kraken, "components:\n", "components:\n  - kind: perp_connector\n    status: not_available\n")

    assert load_catalogue(catalogue_copy).changes == [
        "created kraken link sdk",
        "put in order the links of kraken",
        "put in order the components of kraken",
    ]
    exchange = Exchange.objects.get(slug="kraken")
    assert [link.kind for link in exchange.links.all()] == [
        *("coinmarketcap", "coingecko", "api_docs", "website", "sdk", "fees"),
    ]
    assert exchange.components.first().kind == "perp_connector"
    assert load_catalogue(catalogue_copy).changes == []


def test_lifecycle_is_written_with_the_exchange_and_named_when_it_changes(catalogue_copy: Path) -> None:
    kraken, kucoin = (catalogue_copy / "exchanges" / name for name in ("kraken.yaml", "kucoin.yaml"))
    renamed = "lifecycle: {state: renamed, renamed_to: kucoin, source: somewhere}"
    replace(kraken, "maintainers: []", renamed)
    changes = load_catalogue(catalogue_copy).changes

    assert "created kraken" in changes
    assert not any(line.startswith("changed") for line in changes)
    exchange = Exchange.objects.get(slug="kraken")
    assert (exchange.lifecycle, str(exchange.renamed_to), exchange.is_shipped) == ("renamed", "KuCoin", False)
    assert [str(former) for former in exchange.renamed_to.former_entries.all()] == ["Kraken"]

    replace(kraken, renamed, "lifecycle: {state: removed, removed_in: 2.0.0, source: somewhere}")
    replace(kucoin, "market_type: clob", "market_type: clob\nlifecycle: {state: renamed, renamed_to: kraken}")
    assert load_catalogue(catalogue_copy).changes == [
        "changed kraken: lifecycle 'renamed' to 'removed'",
        "changed kraken: removed_in '' to '2.0.0'",
        "changed kraken: renamed_to KuCoin to None",
        "changed kucoin: lifecycle 'active' to 'renamed'",
        "changed kucoin: renamed_to None to Kraken",
    ]
    assert load_catalogue(catalogue_copy).changes == []


def test_maintenance_follows_its_file(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    kucoin = catalogue_copy / "exchanges" / "kucoin.yaml"
    replace(
        kucoin,
        "    state: active\n",
        "    state: emeritus\n    since: 2022-01-01\n    last_confirmed: 2023-08-24\n    source: its page\n"
        "  - maintainer: null\n    state: seeking\n",
    )

    assert load_catalogue(catalogue_copy).changes == [
        "changed kucoin maintainer hummingbot-foundation: state 'active' to 'emeritus'",
        "changed kucoin maintainer hummingbot-foundation: source '' to 'its page'",
        "changed kucoin maintainer hummingbot-foundation: since None to 2022-01-01",
        "changed kucoin maintainer hummingbot-foundation: last_confirmed None to 2023-08-24",
        "created kucoin maintainer wanted",
    ]
    exchange = Exchange.objects.with_maintenance().get(slug="kucoin")
    assert (exchange.maintainers, exchange.is_seeking_maintainer) == ([], True)
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


def test_no_tier_stands_in_the_files(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)

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


def test_bounty_that_the_tracker_stated_before_is_placed_and_not_doubled(catalogue_copy: Path) -> None:
    Bounty.objects.create(
        tracker_id="6955",
        issue_url="https://github.com/hummingbot/hummingbot/issues/6955",
        kind="improvement",
        amount=50_000,
        unit="HBOT",
        state="open",
        last_synced_at=timezone.now(),
    )

    changes = load_catalogue(catalogue_copy).changes

    assert "placed kucoin bounty 6955" in changes
    bounty = Bounty.objects.get(tracker_id="6955")
    assert (bounty.exchange.slug, str(bounty.component), bounty.state) == ("kucoin", "KuCoin Spot Connector", "open")


def test_bounty_of_the_tracker_alone_is_its_own_matter(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    Bounty.objects.create(tracker_id="1", kind="bug_p2", state="open", last_synced_at=timezone.now())

    assert load_catalogue(catalogue_copy).left_alone == []


def test_space_of_a_proposal_is_read_from_its_link(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)

    assert Proposal.objects.get(number="HIP-35").space == "hbot-ip.eth"


def test_exchange_that_no_file_names_is_left_alone(catalogue_copy: Path, exchange: Exchange) -> None:
    load_catalogue(catalogue_copy)

    assert command(catalogue_copy, "--yes") == ["left alone: exchange some-exchange: in no file", "nothing to change"]
    assert Exchange.objects.filter(slug="some-exchange").exists()


def test_what_left_the_files_or_never_stood_in_one_is_named(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)
    replace(catalogue_copy / "maintainers.yaml", "slug: hummingbot-foundation", "slug: hummingbot-found")
    replace(
        catalogue_copy / "exchanges" / "kucoin.yaml",
        "maintainer: hummingbot-foundation",
        "maintainer: hummingbot-found",
    )
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
