"""What is sent to the workers."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.celery import app
from monitoring import tasks
from monitoring.models import Check
from monitoring.scheduler import START_WITHIN
from tests.monitoring.factories import make_check, make_component, make_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> Iterator[Path]:
    folder = settings.BROKER_DIR / "messages"
    yield folder
    for message in folder.iterdir():
        message.unlink()


def test_each_exchange_with_due_checks_gets_one_message_with_a_slug_and_a_claim(queue: Path) -> None:
    now = timezone.now()
    for slug in ("kraken", "kucoin"):
        make_check(make_component(make_exchange(slug)), next_due_at=now)
    tasks.dispatch_due_checks()
    messages = [json.loads(path.read_text()) for path in sorted(queue.glob("*.msg"))]
    bodies = [json.loads(base64.b64decode(message["body"])) for message in messages]
    claims = Check.objects.order_by("pk").values_list("component__exchange__slug", "claim_token")
    assert [body[0] for body in bodies] == [[slug, str(token)] for slug, token in claims]
    for message in messages:
        expires = datetime.fromisoformat(message["headers"]["expires"])
        assert now + 0.9 * START_WITHIN < expires < now + 1.5 * START_WITHIN


def test_nothing_due_sends_nothing(queue: Path) -> None:
    tasks.dispatch_due_checks()
    assert list(queue.iterdir()) == []


def test_claims_that_the_broker_does_not_take_are_due_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {
        slug: make_check(make_component(make_exchange(slug)), next_due_at=timezone.now())
        for slug in ("binance", "kraken", "kucoin")
    }

    def full_after_one(arguments: tuple[str, str], **_: object) -> None:
        if arguments[0] != "binance":
            raise OperationalError("no broker")

    monkeypatch.setattr(tasks.run_exchange_checks, "apply_async", full_after_one)
    with pytest.raises(OperationalError, match="no broker"):
        tasks.dispatch_due_checks()
    assert set(Check.objects.due(timezone.now())) == {checks["kraken"], checks["kucoin"]}


def test_a_claim_that_has_ended_has_nothing_left_to_run() -> None:
    make_check()
    tasks.run_exchange_checks("kraken", "00000000-0000-4000-8000-000000000000")
    assert Check.objects.get().outcome == ""


def test_the_beat_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    planned = {entry["task"]: entry for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert set(planned) <= set(app.tasks)
    dispatch = planned["monitoring.tasks.dispatch_due_checks"]
    assert dispatch["options"]["expires"] <= dispatch["schedule"], "a worker that comes late would run a backlog"
