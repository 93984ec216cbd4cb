"""The operator's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.admin import site
from django.urls import reverse
from django.utils import timezone

from monitoring.checks.outcomes import Kind
from monitoring.models import Check, OutcomeChange, Result
from monitoring.scheduler import claim_due_checks
from monitoring.services.results import record_results
from tests.monitoring.factories import NOON, make_check, seen

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client, RequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def check() -> Check:
    check = make_check(kind=Kind.ORDER_BOOK)
    (claim,) = claim_due_checks(NOON)
    record_results(claim.token, [seen(check, summary="72 updates")], now=NOON)
    check.refresh_from_db()
    return check


@pytest.mark.parametrize("model", ["check", "result", "outcomechange"])
def test_every_list_and_form_opens(admin_client: Client, check: Check, model: str) -> None:
    rows = {"check": check, "result": Result.objects.get(), "outcomechange": OutcomeChange.objects.get()}
    listed = admin_client.get(reverse(f"admin:monitoring_{model}_changelist"))
    form = admin_client.get(reverse(f"admin:monitoring_{model}_change", args=[rows[model].pk]))
    assert (listed.status_code, form.status_code) == (200, 200)
    assert "Kraken Spot Connector: Order book" in listed.content.decode()


def test_selected_checks_run_now(admin_client: Client, check: Check) -> None:
    Check.objects.update(next_due_at=timezone.now() + timedelta(hours=1))
    url = reverse("admin:monitoring_check_changelist")
    answer = admin_client.post(url, {"action": "run_now", "_selected_action": [check.pk]}, follow=True)
    assert "1 checks are due now" in answer.content.decode()
    assert list(Check.objects.due(timezone.now())) == [check]


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("pair", "BTCUSD", "is not a trading pair"),
        ("thresholds", '{"dept": 100}', "did you mean depth?"),
        ("thresholds", "[1]", "write an object of limits by name"),
    ],
)
def test_a_setting_that_the_run_would_stumble_over_is_refused(
    admin_client: Client, check: Check, field: str, text: str, problem: str
) -> None:
    url = reverse("admin:monitoring_check_change", args=[check.pk])
    form = {"enabled": "on", "pair": "", "thresholds": "{}"} | {field: text}
    answer = admin_client.post(url, form)
    assert answer.status_code == 200
    assert problem in answer.content.decode()


def test_a_pair_and_limits_that_fit_are_kept(admin_client: Client, check: Check) -> None:
    url = reverse("admin:monitoring_check_change", args=[check.pk])
    answer = admin_client.post(url, {"pair": "ETH-USD", "thresholds": '{"depth": 100}'})
    assert answer.status_code == 302
    check.refresh_from_db()
    assert (check.enabled, check.pair, check.thresholds) == (False, "ETH-USD", {"depth": 100})


def test_saving_a_form_does_not_undo_what_a_run_did_meanwhile(rf: RequestFactory, admin_user: User) -> None:
    checks = site.get_model_admin(Check)
    request = rf.post("/")
    request.user = admin_user
    read_before_the_claim = make_check()
    (claim,) = claim_due_checks(NOON)
    form = checks.get_form(request)({"pair": "ETH-USD", "thresholds": "{}"}, instance=read_before_the_claim)
    assert form.is_valid()
    checks.save_model(request, form.save(commit=False), form, True)
    check = Check.objects.get()
    assert (check.pair, check.claim_token) == ("ETH-USD", claim.token)


@pytest.mark.parametrize("model", ["check", "result", "outcomechange"])
def test_nothing_is_added_or_deleted_by_hand(admin_client: Client, check: Check, model: str) -> None:
    rows = {"check": check, "result": Result.objects.get(), "outcomechange": OutcomeChange.objects.get()}
    assert admin_client.get(reverse(f"admin:monitoring_{model}_add")).status_code == 403
    delete = reverse(f"admin:monitoring_{model}_delete", args=[rows[model].pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", ["result", "outcomechange"])
def test_what_was_seen_is_not_edited(admin_client: Client, check: Check, model: str) -> None:
    rows = {"result": Result.objects.get(), "outcomechange": OutcomeChange.objects.get()}
    url = reverse(f"admin:monitoring_{model}_change", args=[rows[model].pk])
    assert admin_client.post(url, {"outcome": "failed"}).status_code == 403
