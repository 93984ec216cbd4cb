"""The walk-through of docs/governance.md, as a person does it: from an empty database to a roll-back, by the shell."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from monitoring.models import Check
from monitoring.tasks import follow_registry
from registry.services import ledger
from registry.services.epochs import export_state

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "docs" / "examples"
ATOM = "{http://www.w3.org/2005/Atom}"

pytestmark = pytest.mark.django_db


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def plan_hash(said: str) -> str:
    found = re.search(r"\b[0-9a-f]{64}\b", said)
    assert found, said
    return found[0]


def seen(client: Client) -> tuple[str, str | None, list[str], int]:
    """What page, API, feed and schedule say of KuCoin: they have to say the same at any moment."""
    page = client.get("/exchanges/kucoin/").content.decode()
    promised = re.search(r"Promised</.*?(Gold|Silver|Bronze|No tier)", page, re.DOTALL)
    assert promised
    feed = ElementTree.fromstring(client.get("/changes.atom").content)  # noqa: S314  our own answer
    titles = [entry.findtext(f"{ATOM}title") or "" for entry in feed.iter(f"{ATOM}entry")]
    follow_registry()
    cadence = Check.objects.filter(component__exchange__slug="kucoin").values_list("cadence_s", flat=True).distinct()
    return promised[1], client.get("/api/v1/exchanges/kucoin/").json()["tier"], titles, cadence.get()


@pytest.mark.slow(reason="loads the record, and takes an epoch with three polls all the way and back")
def test_an_epoch_goes_from_a_snapshot_file_to_page_api_and_feed_and_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BELLWETHER_CADENCE_S", raising=False)
    User.objects.create_superuser("ada")
    run("catalogue", "apply", "--yes")
    run("load_history", "--through", "6")
    run("plan_checks")
    before = export_state()
    assert seen(client) == ("Silver", "silver", [], 120)

    run("epoch", "create", "14", "--as", "ada", "--label", "Q4 2025", "--reason", "a rehearsal")
    for group in ("cex", "dex", "chain"):
        answer = str(EXAMPLES / f"epoch-14-{group}.json")
        run("epoch", "import", "14", "--as", "ada", "--group", group, "--snapshot", answer)
    planned = run(
        "epoch", "plan", "14", "--as", "ada", "--policy", "hgp-45", "--policy-reason", "a rehearsal with tiers"
    )
    assert re.search(r"KuCoin +Silver +Gold", planned)
    assert re.search(r"NDAX +Bronze +no tier", planned)
    assert "every 60 s instead of every 120 s" in planned
    assert seen(client) == ("Silver", "silver", [], 120), "a plan changes nothing"

    plan = plan_hash(planned)
    run(
        "epoch", "approve", "14", "--as", "ada", "--plan", plan, "--acknowledge", "the supply of that time is not known"
    )
    run("epoch", "apply", "14", "--as", "ada", "--plan", plan)
    run("epoch", "announce", "14", "--as", "ada")
    tier, api_tier, titles, cadence_s = seen(client)
    assert (tier, api_tier, cadence_s) == ("Gold", "gold", 60)
    assert [title.partition(":")[0] for title in titles] == ["Epoch 14"]

    back = plan_hash(run("epoch", "rollback", "14", "--as", "ada", "--reason", "the votes were invented"))
    run("epoch", "approve", "14", "--as", "ada", "--plan", back)
    run("epoch", "apply", "14", "--as", "ada", "--plan", back)
    run("epoch", "announce", "14", "--as", "ada")

    assert export_state() == before
    tier, api_tier, titles, cadence_s = seen(client)
    assert (tier, api_tier, cadence_s) == ("Silver", "silver", 120)
    assert len(titles) == 2
    assert "withdrawn" in titles[0]
    assert ledger.verify() == []
