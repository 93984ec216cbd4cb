"""The drift report as a page, as JSON and as a command."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.checks.outcomes import Cause, Outcome
from registry.choices import ComponentKind, DeclaredStatus, Tier
from registry.drift.findings import Kind
from registry.models import Exchange
from tests.monitoring.factories import assign_tier, make_check, make_component, make_exchange, record
from tests.monitoring.test_page_markup import assert_good_page
from tests.monitoring.test_pages import text_of

pytestmark = pytest.mark.django_db

PAGE = "/drift/"
API = "/api/v1/drift/"
PAGES = Path(__file__).parents[1] / "payloads" / "pages"


@pytest.fixture
def kraken() -> Exchange:
    """It has failed for three hours, and its candles are declared not built."""
    kraken = make_exchange(tier=Tier.SILVER)
    check = make_check(make_component(kraken))
    for ago in (timedelta(hours=3, minutes=5), timedelta(seconds=5)):
        record(check, Outcome.FAILED, at=timezone.now() - ago, cause=Cause.TIMEOUT)
    make_component(kraken, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT, connector_id="")
    return kraken


@pytest.fixture
def site(tmp_path: Path, settings: Any) -> Path:
    """A folder of pages with Kraken's real page, which shows Bronze."""
    (tmp_path / "kraken.md").write_bytes((PAGES / "seed" / "kraken.md").read_bytes())
    settings.BELLWETHER_PAGES = tmp_path
    return tmp_path


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("drift", *arguments, stdout=out)
    return out.getvalue()


# The page


def test_page_says_what_both_sides_say_since_when_and_what_to_do(client: Client, kraken: Exchange, site: Path) -> None:
    text = text_of(client.get(PAGE))

    assert "Sandbox. These results come from the sandbox" in text
    assert "Declared available, and failing 1 found" in text
    assert (
        "Kraken Spot Connector, Connectivity Available Failed: No answer in time. At fault: the exchange "
        "failing since 3 hours ago Wait for the exchange; if it gave the service up, declare it not available."
    ) in text
    assert "Spot Candles Feed Not built The connector kraken of this build can do it: Candles" in text
    assert (
        "Kraken Tier Silver Bronze (badge, line 8; sentence, line 11; explanation, line 11) kraken.md:8 "
        "Silver in the registry since 2024-01-01 Correct the page: the tier is Silver."
    ) in text


def test_what_is_to_be_done_about_many_is_said_once(client: Client, kraken: Exchange) -> None:
    check = make_check(make_component(make_exchange("other")))
    record(check, Outcome.FAILED, at=timezone.now() - timedelta(seconds=5), cause=Cause.TIMEOUT)

    text = text_of(client.get(PAGE))

    assert "Declared available, and failing 2 found What to do: Wait for the exchange; if it gave" in text
    assert text.count("Wait for the exchange") == 1
    assert run().count("→ Wait for the exchange") == 1


def test_page_without_a_folder_of_pages_invites_to_set_one(client: Client, kraken: Exchange) -> None:
    text = text_of(client.get(PAGE))

    assert "No folder of pages is set, so nothing was compared. Set BELLWETHER_PAGES to the folder" in text
    assert "Pages : not compared" in text


def test_page_with_a_folder_that_went_says_so_and_not_where_it_was(
    client: Client, kraken: Exchange, site: Path, settings: Any
) -> None:
    settings.BELLWETHER_PAGES = site / "gone"

    response = client.get(PAGE)

    assert response.status_code == 200
    assert "The folder of pages cannot be read" in text_of(response)
    assert str(site) not in response.content.decode()
    assert str(site) not in client.get(API).content.decode()


def test_page_of_a_registry_that_agrees_says_what_was_compared(client: Client) -> None:
    record(make_check(), at=timezone.now() - timedelta(seconds=5))

    text = text_of(client.get(PAGE))

    assert "Nothing contradicts itself" in text
    assert "1 component of 1 exchange: 1 declared available, and 1 of those checked live. 1 of them works." in text
    assert "Nothing found. Both sides say the same wherever they could be compared." in text


def test_page_of_a_past_day_shows_the_lists_of_the_client_up_to_it(client: Client, kraken: Exchange) -> None:
    text = text_of(client.get(PAGE, {"as_of": "2023-07-31"}))

    assert "Tiers as of 2023-07-31 . What is observed is observed now." in text
    assert "The client’s list of 2023-07-13, at 4f98d1d158" in text
    assert "2023-10-26" not in text
    before = text_of(client.get(PAGE, {"as_of": "2022-01-01"}))
    assert "No list of 2022-01-01 or before is known, so nothing was compared." in before


def test_a_registry_without_decisions_says_how_to_load_them(client: Client) -> None:
    make_component(make_exchange(tier=""))

    assert "The registry holds no decision up to 2023-10-26: manage.py load_history loads" in text_of(client.get(PAGE))


def test_page_refuses_what_it_cannot_read(client: Client, kraken: Exchange) -> None:
    assert client.get(PAGE, {"as_of": "tomorrow"}).status_code == 400
    assert client.get(PAGE, {"pages": "/etc"}).status_code == 400
    assert client.post(PAGE).status_code == 405


def test_what_a_page_says_is_text_and_never_markup(client: Client, kraken: Exchange, site: Path) -> None:
    page = (site / "kraken.md").read_text(encoding="utf-8")
    (site / "kraken.md").write_text(page.replace("https://www.kraken.com/", "https://x.org/<img src=x>"), "utf-8")
    (site / "a<script>.md").write_text(page.replace("# Kraken", "# Nowhere"), encoding="utf-8")

    html = client.get(PAGE).content.decode()

    assert "a&lt;script&gt;.md:8" in html
    assert "<script>" not in html
    assert "<img" not in html


@pytest.mark.parametrize("query", ["", "?as_of=2023-11-10"])
def test_page_is_built_for_everyone(client: Client, kraken: Exchange, site: Path, query: str) -> None:
    make_component(make_exchange("binance"))
    assert_good_page(client.get(PAGE + query))


def test_page_takes_as_many_queries_for_more_exchanges(client: Client, kraken: Exchange, site: Path) -> None:
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for number in range(4):
        exchange = make_exchange(f"more-{number}")
        record(make_check(make_component(exchange, connector_id=f"more_{number}")), Outcome.FAILED)
        assign_tier(exchange, Tier.GOLD, date(2024, 2, 1))
        (site / f"more-{number}.md").write_bytes((site / "kraken.md").read_bytes())
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)

    assert len(few) == len(many)
    assert len(many) <= 20


# The API


def test_api_gives_the_same_findings(client: Client, kraken: Exchange, site: Path) -> None:
    answer = client.get(API).json()

    assert set(answer) == {
        "schema_version",
        "registry_serial",
        "as_of",
        "drift",
        "source",
        "observed",
        "pages",
        "client",
    }
    assert (answer["source"], answer["pages"]["counts"]["tier_stale"]) == ("sandbox", 1)
    assert answer["drift"] == answer["observed"]["drift"] + answer["pages"]["drift"]
    failing, able = answer["observed"]["findings"]
    assert failing["kind"] == "failing"
    assert failing["since"].endswith("Z")
    assert able == {
        "kind": "works_undeclared",
        "exchange": "kraken",
        "about": "Spot Candles Feed",
        "registry": "Not built",
        "other": "The connector kraken of this build can do it: Candles",
        "since": None,
        "since_what": None,
        "where": None,
        "html_url": "/exchanges/kraken/#spot-candles",
        "remedy": "If the bot has it by now, declare it available as kraken; else its bounty draft asks for it.",
    }
    assert [one["key"] for one in answer["client"]][:2] == ["client-18acc765d0", "client-6b8f74b88e"]


def test_today_by_its_date_is_no_past_day(client: Client, kraken: Exchange, site: Path) -> None:
    today = timezone.now().date()

    asked, yesterday = (
        client.get(API, {"as_of": day.isoformat()}).json() for day in (today, today - timedelta(days=1))
    )

    assert asked["pages"] == client.get(API).json()["pages"]
    assert yesterday["pages"]["compared"].startswith(f"The tiers of {today - timedelta(days=1)}")


def test_api_without_pages_says_null_and_refuses_unknown_parameters(client: Client, kraken: Exchange) -> None:
    assert client.get(API).json()["pages"] is None
    refused = client.get(API, {"on": "2023-11-10"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid")


# The command


def test_command_prints_every_section_and_the_sum(kraken: Exchange, site: Path) -> None:
    text = run("--pages", str(site))

    assert "  The page shows another tier (1)\n    Kraken, Tier: here Silver; there Bronze (badge, line 8;" in text
    assert "      → Correct the page: the tier is Silver.\n" in text
    assert "The client’s list of 2023-01-20, at 2c63474e71 (after the DEX part of epoch 3)" in text
    assert re.search(r"\n\d+ differences found\.\n$", text)


def test_command_without_pages_says_how_to_name_them(kraken: Exchange) -> None:
    assert "Not compared: name them with --pages, or set BELLWETHER_PAGES to their folder." in run()


def test_command_gives_json_as_the_api_does(client: Client, kraken: Exchange, site: Path) -> None:
    printed = json.loads(run("--json"))
    answer: dict[str, Any] = client.get(API).json()

    assert printed["pages"] == answer["pages"]
    assert printed["client"] == answer["client"]


def test_command_compares_a_client_file_on_the_day_asked_about(kraken: Exchange, tmp_path: Path) -> None:
    file = tmp_path / "connector_status.py"
    file.write_text("connector_status = {\n    'kraken': 'gold',\n}\n", encoding="utf-8")

    text = run("--client", str(file), "--on", "2024-01-02")

    assert "1 connector id of connector_status.py against the registry’s tiers as of 2024-01-02." in text
    assert "here Silver; there Gold (kraken) (connector_status.py:2); Silver in the registry since 2024-01-01" in text
    assert "→ The poll decides: set kraken to silver." in text


def test_command_fails_on_request_where_something_was_found(kraken: Exchange) -> None:
    with pytest.raises(CommandError, match="2 differences found") as failed:
        run("--fail")
    assert failed.value.returncode == 1

    kraken.components.all().delete()
    run("--fail")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pages", "/nowhere/at/all"], "/nowhere/at/all cannot be read: No such file or directory"),
        (["--client", "/nowhere.py"], "/nowhere.py cannot be read: No such file or directory"),
        (["--on", "yesterday"], "'yesterday' is no day: write YYYY-MM-DD"),
        (["--on", "2999-01-01"], "2999-01-01 lies ahead of today"),
    ],
)
def test_command_refuses_what_it_cannot_read(kraken: Exchange, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*arguments)


def test_command_refuses_a_client_file_with_its_line(kraken: Exchange, tmp_path: Path) -> None:
    file = tmp_path / "connector_status.py"
    file.write_text("connector_status = {\n    'kraken': 'green',\n}\n", encoding="utf-8")

    with pytest.raises(
        CommandError, match=r"connector_status\.py: Line 2, “green” is whether kraken worked"
    ) as refused:
        run("--client", str(file))
    assert refused.value.returncode == 2


# The manual


def keys_in(value: Any) -> set[str]:
    """Every key of the report, but those of `counts`, which are kinds."""
    match value:
        case dict():
            return {*value, *(key for name, item in value.items() if name != "counts" for key in keys_in(item))}
        case list():
            return {key for item in value for key in keys_in(item)}
    return set()


def test_every_key_and_every_kind_is_in_the_manual(client: Client, kraken: Exchange, site: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "drift.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", manual))

    assert keys_in(client.get(API).json()) - {"schema_version", "registry_serial"} <= named
    assert {kind.value for kind in Kind} <= named
