"""Every step of an epoch's way, at every door, by every role: those without the right change nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client

from registry.choices import PollGroup
from registry.importers.snapshot import read_snapshot
from registry.models import Epoch, LedgerEntry, Plan
from registry.services.epochs import CATALOGUE, create_epoch, import_poll, plan_epoch
from tests.registry.polls_at_hand import snapshot_answer
from tests.registry.small_registry import small_registry

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db

ROLES = {
    "viewer": set(),
    "editor": set(),
    "auditor": set(),
    "governor": {"create", "import", "map", "plan", "rollback", "remove_poll", "policy"},
    "approver": {"approve", "apply", "announce"},
}
API = {
    "create": ("/api/v1/epochs/", {"number": 20, "reason": "x"}),
    "import": ("/api/v1/epochs/14/polls/", {"group": "dex", "content": "nonsense"}),
    "map": ("/api/v1/epochs/14/mapping/", {"choice": 0}),
    "plan": ("/api/v1/epochs/14/plan/", {}),
    "approve": ("/api/v1/plans/HASH/approve/", {}),
    "apply": ("/api/v1/plans/HASH/apply/", {}),
    "announce": ("/api/v1/epochs/14/announce/", {}),
    "rollback": ("/api/v1/epochs/14/rollback/", {"reason": "x"}),
}
PAGES = {
    "create": "/admin/registry/epoch/add/",
    "import": "EPOCH/import/",
    "map": "EPOCH/map/",
    "remove_poll": "EPOCH/polls/POLL/remove/",
    "plan": "EPOCH/plan/",
    "approve": "EPOCH/plans/PLAN/approve/",
    "apply": "EPOCH/plans/PLAN/apply/",
    "announce": "EPOCH/announce/",
    "rollback": "EPOCH/rollback/",
}
COMMANDS = {
    "create": ["create", "20", "--reason", "x"],
    "import": ["import", "14", "--group", "dex", "--snapshot", "FILE"],
    "map": ["map", "14", "--choice", "cex:1", "--ignore", "--reason", "x"],
    "remove_poll": ["remove-poll", "14", "--poll", "cex", "--reason", "x"],
    "policy": ["policy", "14", "hgp-45", "--reason", "x"],
    "plan": ["plan", "14"],
    "approve": ["approve", "14", "--plan", "HASH"],
    "apply": ["apply", "14", "--plan", "HASH"],
    "announce": ["announce", "14"],
    "rollback": ["rollback", "14", "--reason", "x"],
}
MAY_NOT = 3


@pytest.fixture(autouse=True)
def plan(db: None) -> Plan:
    small_registry()
    create_epoch(14, actor=CATALOGUE, reason="a new quarter")
    import_poll(14, read_snapshot(snapshot_answer(), group=PollGroup.CEX, origin="a.json"), actor=CATALOGUE)
    return plan_epoch(14, actor=CATALOGUE, policy="hgp-45 v1", policy_reason="tried out in a test")


@pytest.fixture(params=ROLES)
def user(request: pytest.FixtureRequest) -> User:
    user = User.objects.create_user(request.param, password="pw", is_staff=True)
    user.groups.set(Group.objects.filter(name=request.param))
    return user


@pytest.mark.parametrize("act", API)
def test_api(user: User, plan: Plan, act: str) -> None:
    address, body = API[act]
    headers = {"authorization": "Basic " + b64encode(f"{user.username}:pw".encode()).decode()}
    entries = LedgerEntry.objects.count()

    address = address.replace("HASH", plan.hash)
    answer = Client().post(address, json.dumps(body), content_type="application/json", headers=headers)

    is_refused = answer.status_code == 403
    # Where somebody is told that there is no such choice before they are told that they may not, nothing is given away
    # that they could not read anyway.
    assert is_refused == (act not in ROLES[user.username]) or (act, answer.status_code) == ("map", 404)
    assert not is_refused or LedgerEntry.objects.count() == entries


@pytest.mark.parametrize("act", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_admin_pages(user: User, plan: Plan, act: str, method: str) -> None:
    client = Client()
    client.force_login(user)
    entries = LedgerEntry.objects.count()

    answer = getattr(client, method)(address_of(act, plan))

    may = act in ROLES[user.username]
    only_posts = act in {"approve", "apply", "announce"}
    if method == "get" and only_posts:
        assert answer.status_code == 405
    else:
        assert (answer.status_code == 403) == (not may)
    assert may or LedgerEntry.objects.count() == entries
    assert answer.status_code in {403, 405} or "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("act", PAGES)
def test_no_admin_page_takes_a_post_without_its_token(act: str, plan: Plan) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    entries = LedgerEntry.objects.count()

    assert client.post(address_of(act, plan), {"reason": "x"}).status_code == 403
    assert LedgerEntry.objects.count() == entries


@pytest.mark.parametrize("act", COMMANDS)
def test_commands(user: User, plan: Plan, act: str, tmp_path: Path) -> None:
    file = tmp_path / "poll.json"
    file.write_bytes(snapshot_answer({"Kraken": 5}, id="0x" + "d5" * 32))
    words = [word.replace("HASH", plan.hash).replace("FILE", str(file)) for word in COMMANDS[act]]
    entries = LedgerEntry.objects.count()

    code = 0
    try:
        call_command("epoch", *words, "--as", user.username, stdout=StringIO())
    except CommandError as error:
        code = error.returncode

    may = act in ROLES[user.username]
    assert (code == MAY_NOT) == (not may)
    assert may or LedgerEntry.objects.count() == entries


@pytest.mark.parametrize("address", ["/api/v1/epochs/14/plan/", "/api/v1/epochs/14/polls/", "/admin/registry/plan/"])
def test_nobody_keeps_what_is_shown_to_those_who_signed_in(address: str) -> None:
    User.objects.create_superuser("root", password="pw")
    client = Client(headers={"authorization": "Basic " + b64encode(b"root:pw").decode()})
    client.force_login(User.objects.get())

    answer = client.get(address)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer


def address_of(act: str, plan: Plan) -> str:
    epoch = Epoch.objects.get(number=14)
    address = PAGES[act].replace("EPOCH", f"/admin/registry/epoch/{epoch.pk}")
    return address.replace("POLL", str(epoch.polls.get().pk)).replace("PLAN", str(plan.pk))


def test_an_auditor_sees_users_and_none_of_their_password_hashes() -> None:
    secret = User.objects.create_superuser("root", password="pw")
    auditor = User.objects.create_user("audit", password="pw", is_staff=True)
    auditor.groups.set(Group.objects.filter(name="auditor"))
    client = Client()
    client.force_login(auditor)

    page = client.get(f"/admin/auth/user/{secret.pk}/change/")

    assert page.status_code == 200
    assert secret.password.rpartition("$")[2] not in page.content.decode()
    assert client.post(f"/admin/auth/user/{auditor.pk}/change/", {"is_superuser": "on"}).status_code == 403
    assert client.get(f"/admin/auth/user/{secret.pk}/password/").status_code == 403


@pytest.mark.parametrize("model", ["ledgerentry", "pollevidence", "outboxmessage"])
@pytest.mark.parametrize("page", ["", "1/change/", "1/history/"])
def test_a_viewer_does_not_see_ledger_bytes_and_outbox(model: str, page: str) -> None:
    viewer = User.objects.create_user("viewer", password="pw", is_staff=True)
    viewer.groups.set(Group.objects.filter(name="viewer"))
    client = Client()
    client.force_login(viewer)

    assert client.get(f"/admin/registry/{model}/{page}").status_code in {302, 403}
