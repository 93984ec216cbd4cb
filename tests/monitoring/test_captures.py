"""What a run that went badly leaves behind: stored beside its result, offered on the page, and worth its download."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring.checks.outcomes import Kind, Outcome
from monitoring.checks.replay import replay_check
from monitoring.models import Capture, Check, Result
from monitoring.runner import run_claim
from monitoring.scheduler import claim_due_checks
from monitoring.services import captures
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange, record

if TYPE_CHECKING:
    from django.test import Client

    from connectors.sandbox import KrakenSandbox, SandboxThread

pytestmark = pytest.mark.django_db

NAME = "bellwether-kraken-connectivity-2026-11-21T12-00-00Z.json.gz"


@pytest.fixture
def check() -> Check:
    return make_check(make_component(make_exchange("kraken")), next_due_at=timezone.now())


def run() -> Result:
    (claim,) = claim_due_checks(timezone.now())
    run_claim("kraken", claim.token)
    result = Result.objects.first()
    assert result is not None
    return result


def address(result_id: int, slug: str = "kraken") -> str:
    return reverse("monitoring:capture", args=[slug, result_id])


def kept_of(check: Check) -> list[bytes]:
    rows = Capture.objects.filter(result__live_check=check).order_by("result__started_at")
    return [bytes(row.data) for row in rows]


def test_a_failed_run_can_be_downloaded_and_replayed_to_the_same_verdict(
    client: Client, check: Check, sandbox: SandboxThread[KrakenSandbox]
) -> None:
    sandbox.faults.switch_on("http_5xx")
    result = run()

    page = client.get("/exchanges/kraken/").content.decode()
    answer = client.get(address(result.pk))

    assert address(result.pk) in page
    assert "Download the capture (" in page
    assert answer["Content-Type"] == "application/gzip"
    again = replay_check(answer.content)
    assert again.differences == ()
    assert again.result.verdict.summary == result.summary


@pytest.mark.usefixtures("sandbox")
def test_a_run_that_went_well_keeps_nothing(client: Client, check: Check) -> None:
    result = run()

    assert (result.outcome, Capture.objects.count()) == ("ok", 0)
    assert "Download the capture" not in client.get("/exchanges/kraken/").content.decode()


@pytest.mark.parametrize(("outcome", "kept"), [("degraded", 1), ("failed", 1), ("ok", 0), ("inconclusive", 0)])
def test_only_what_went_badly_is_worth_keeping(check: Check, outcome: str, kept: int) -> None:
    record(check, Outcome(outcome), write_capture=lambda: b"file")

    assert len(kept_of(check)) == kept


def test_only_the_newest_captures_of_each_check_are_kept(check: Check) -> None:
    other = make_check(check.component, kind=Kind.MARKETS)
    record(other, Outcome.FAILED, write_capture=lambda: b"other")
    for number in range(5):
        at = NOON + timedelta(minutes=number)
        record(check, Outcome.FAILED, at=at, write_capture=lambda number=number: b"file %d" % number)

    assert kept_of(check) == [b"file 2", b"file 3", b"file 4"]
    assert kept_of(other) == [b"other"]


def test_a_result_outlives_a_capture_that_cannot_be_written(check: Check) -> None:
    def broken() -> bytes:
        raise RuntimeError("a bug")

    record(check, Outcome.FAILED, write_capture=broken)

    assert (check.outcome, kept_of(check)) == ("failed", [])


def test_a_capture_beyond_any_use_is_not_stored(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "MAX_STORED_BYTES", 10)

    record(check, Outcome.FAILED, write_capture=lambda: b"x" * 11)

    assert kept_of(check) == []


def test_the_page_offers_the_latest_capture_after_the_check_is_well_again(client: Client, check: Check) -> None:
    record(check, Outcome.FAILED, write_capture=lambda: b"x" * 12_288)
    failed = check.latest_result_id
    record(check, Outcome.OK, at=NOON + timedelta(minutes=1))

    page = client.get("/exchanges/kraken/").content.decode()

    assert failed is not None
    assert f'href="{address(failed)}"' in page
    assert "12.0\N{NO-BREAK SPACE}KB" in page


def test_a_download_says_what_it_is_and_that_it_never_changes(client: Client, check: Check) -> None:
    record(check, Outcome.FAILED, write_capture=lambda: b"file")

    answer = client.get(address(check.latest_result_id or 0))

    assert answer.content == b"file"
    assert answer["Content-Disposition"] == f'attachment; filename="{NAME}"'
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["ETag"].strip('"') == "3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80"


def test_what_is_not_there_is_not_found(client: Client, check: Check) -> None:
    record(check, Outcome.FAILED)
    without = check.latest_result_id or 0
    record(check, Outcome.FAILED, at=NOON + timedelta(minutes=1), write_capture=lambda: b"file")
    kept = check.latest_result_id or 0
    make_exchange("kucoin")

    for missing in (address(without), address(kept, "kucoin"), address(kept, "k\0"), address(10**30)):
        answer = client.get(missing)
        assert answer.status_code == 404
        assert "No capture is kept of this run" in answer.content.decode()
    assert client.post(address(kept)).status_code == 405
