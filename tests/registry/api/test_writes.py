"""The way from poll result to published tiers over HTTP: who may, what is refused and how, and that it can go back."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registry.models import Changeset, LedgerEntry, Poll, TierAssignment
from registry.services.catalogue import load_catalogue
from registry.services.epochs import CATALOGUE, plan_epoch, state_digest
from tests.registry.layers import for_the_module
from tests.registry.polls_at_hand import MARKDOWN, VOTES, snapshot_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="the whole catalogue is loaded")]

API = "/api/v1/"
EPOCH = f"{API}epochs/14/"
SECRET = "a long one"
RULES = {"policy": "hgp-45 v1", "policy_reason": "tried out in a test", "reason": "votes are in"}


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with for_the_module(django_db_blocker):
        load_catalogue()
        yield


@pytest.fixture(autouse=True)
def _on_the_catalogue(loaded: None, db: None) -> None:
    """Every test stands on the whole catalogue."""


def user_with(*permissions: str, name: str = "ada") -> User:
    user = User.objects.create_user(name, password=SECRET)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def as_basic(name: str, secret: str = SECRET) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


class Caller:
    """Posts JSON as one user by HTTP Basic."""

    def __init__(self, name: str = "ada") -> None:
        self.client, self.headers = Client(), as_basic(name)

    def post(self, address: str, body: Any = None, status: int | None = None) -> Any:
        response = self.client.post(address, body or {}, content_type="application/json", headers=self.headers)
        assert status is None or response.status_code == status, response.content
        return response.json()

    def get(self, address: str, status: int = 200) -> Any:
        response = self.client.get(address, headers=self.headers)
        assert response.status_code == status, response.content
        return response.json()


@pytest.fixture
def ada() -> Caller:
    user_with("import_poll", "plan_epoch", "approve_plan", "apply_plan", "announce_epoch")
    return Caller()


def imported(ada: Caller, cast: dict[str, Any] | None = None, **changes: Any) -> Any:
    ada.post(f"{API}epochs/", {"number": 14, "reason": "a new quarter"}, status=201)
    return ada.post(f"{EPOCH}polls/", {"group": "cex", "content": snapshot_answer(cast, **changes).decode()})


def applied(ada: Caller, **planned: Any) -> Any:
    imported(ada)
    plan = ada.post(f"{EPOCH}plan/", RULES | planned, status=201)
    ada.post(f"{plan['url']}approve/", {"acknowledgement": "read and meant so"}, status=200)
    return ada.post(f"{plan['url']}apply/", status=200)


def test_epoch_goes_from_poll_to_published_tiers_and_back(ada: Caller, client: Client) -> None:
    before = state_digest()

    report = imported(ada)
    assert (report["is_new"], report["poll"]["group"]) == (True, "cex")
    plan = ada.post(f"{EPOCH}plan/", RULES, status=201)
    moves = {move["exchange"]: move["new"]["tier"] for move in plan["document"]["moves"]}
    assert (moves["kraken"], moves["kucoin"], moves["ascendex"]) == ("gold", "silver", "")
    assert ada.get(plan["url"]) == ada.get(f"{EPOCH}plan/") == plan

    approved = ada.post(f"{plan['url']}approve/", {"acknowledgement": "no poll on chains this time"}, status=200)
    assert (approved["approved_by"], approved["hash"]) == ("ada", plan["hash"])
    change = ada.post(f"{plan['url']}apply/", status=200)
    assert (change["serial"], change["applied_by"], change["announcements"]) == (1, "ada", [])
    assert client.get(f"{API}exchanges/kraken/").json()["tier"] == "gold"
    assert client.get(f"{API}exchanges/")["X-Registry-Serial"] == "1"

    assert client.get("/changes.atom").content.count(b"<entry>") == 0
    (told,) = ada.post(f"{EPOCH}announce/", status=200)["result"]
    assert ada.post(f"{EPOCH}announce/", status=200)["total"] == 0
    assert client.get("/changes.atom").content.count(b"<entry>") == 1
    assert client.get(change["url"]).json()["announcements"] == [told]

    back = ada.post(f"{EPOCH}rollback/", {"reason": "the poll was void"}, status=201)
    assert (back["kind"], back["document"]["reverses"]) == ("rollback", 1)
    ada.post(f"{back['url']}approve/", {"acknowledgement": "yes"}, status=200)
    assert ada.post(f"{back['url']}apply/", status=200)["reverses"] == 1
    assert client.get(f"{API}exchanges/kraken/").json()["tier"] is None
    assert state_digest() == before
    for address, said in (
        ("/changes/1/", 'It was taken back by <a href="/changes/2/">change 2</a>'),
        ("/changes/2/", 'It takes back <a href="/changes/1/">change 1</a>'),
        ("/changes/", "taken back by change 2"),
        ("/epochs/14/", "Its result was taken back and is not in effect."),
        ("/exchanges/kraken/tier/", "taken back on"),
    ):
        assert said in client.get(address).content.decode()


def test_same_bytes_again_change_nothing_and_other_bytes_are_a_conflict(ada: Caller) -> None:
    imported(ada)
    body = {"group": "cex", "content": snapshot_answer().decode()}
    assert ada.post(f"{EPOCH}polls/", body, status=200)["is_new"] is False

    other = body | {"content": snapshot_answer(VOTES | {"Kraken": 900_001}).decode()}
    error = ada.post(f"{EPOCH}polls/", other, status=409)["error"]
    assert error["code"] == "poll_conflict"
    assert any("Kraken" in line for line in error["fields"]["difference"])
    settled = ada.post(f"{EPOCH}polls/", other | {"replace": True, "reason": "the first was a draft"}, status=201)
    assert (settled["is_new"], Poll.objects.count()) == (True, 1)


def test_poll_comes_as_a_file_too_and_its_bytes_are_kept(ada: Caller) -> None:
    ada.post(f"{API}epochs/", {"number": 14, "reason": "a new quarter"}, status=201)
    form = {"group": "cex", "file": SimpleUploadedFile("poll.json", snapshot_answer())}
    response = ada.client.post(f"{EPOCH}polls/", form, headers=ada.headers)

    assert response.status_code == 201
    evidence = Poll.objects.get().evidence
    assert evidence is not None
    assert (bytes(evidence.content), evidence.origin, evidence.received_by) == (snapshot_answer(), "poll.json", "ada")


def test_pasted_table_must_say_when_the_poll_closed(ada: Caller) -> None:
    ada.post(f"{API}epochs/", {"number": 14, "reason": "a new quarter"}, status=201)
    body = {"group": "cex", "source": "markdown", "content": MARKDOWN}
    assert list(ada.post(f"{EPOCH}polls/", body, status=400)["error"]["fields"]) == ["closed_at"]
    assert ada.post(f"{EPOCH}polls/", body | {"closed_at": "2026-01-14T00:00:00Z"}, status=201)["is_new"] is True


def test_choice_that_maps_to_nothing_is_listed_and_then_mapped(ada: Caller) -> None:
    imported(ada, VOTES | {"Krakn": 50})
    (unmapped,) = [row for row in ada.get(f"{EPOCH}mapping/")["result"] if row["mapping"] == "unmapped"]
    assert (unmapped["name"], unmapped["suggestions"][0]["slug"]) == ("Krakn", "kraken")

    error = ada.post(f"{EPOCH}plan/", RULES, status=409)["error"]
    assert error["code"] == "unmapped"
    assert [choice["name"] for choice in error["fields"]["choices"]] == ["Krakn"]

    body = {"choice": unmapped["id"], "ignore": True, "reason": "a slip of the pen"}
    assert ada.post(f"{EPOCH}mapping/", body | {"choice": 999_999}, status=404)["error"]["code"] == "not_found"
    wrong = ada.post(f"{EPOCH}mapping/", {"choice": unmapped["id"], "subject": "exchange:krakn"}, status=400)["error"]
    assert list(wrong["fields"]) == ["subject"]
    mapped = ada.post(f"{EPOCH}mapping/", body, status=200)
    assert (mapped["mapping"], mapped["epoch_state"]) == ("ignored", "mapped")


def test_single_proposal_is_told_whom_it_is_about(ada: Caller, client: Client) -> None:
    ada.post(f"{API}epochs/", {"number": 14, "reason": "a proposal"}, status=201)
    votes = {"For": 6_000_000, "Against": 1_000_000}
    body = {"group": "proposal", "content": snapshot_answer(votes, type="basic").decode()}
    poll = ada.post(f"{EPOCH}polls/", body, status=201)["poll"]

    target = {"poll": poll["id"], "subject": "exchange:kraken", "action": "remove", "reason": "it says so"}
    assert ada.post(f"{EPOCH}target/", target | {"poll": 999_999}, status=404)["error"]["code"] == "not_found"
    assert ada.post(f"{EPOCH}target/", target, status=200)["target"] == "kraken"
    plan = ada.post(f"{EPOCH}plan/", {"reason": "passed"}, status=201)
    assert [(move["exchange"], move["new"]["included"]) for move in plan["document"]["moves"]] == [("kraken", False)]


def test_plan_whose_base_has_changed_is_refused_with_what_is_different(ada: Caller) -> None:
    imported(ada)
    plan = ada.post(f"{EPOCH}plan/", RULES, status=201)
    ada.post(f"{plan['url']}approve/", {"acknowledgement": "read"}, status=200)
    TierAssignment.objects.create(
        exchange_id=Poll.objects.get().choices.get(name="Kraken").subject.exchange_id,
        tier="bronze",
        included=True,
        reason="recorded meanwhile",
        decided_by="HBOT holders",
        recorded_by="test",
        effective_from="2024-01-01",
    )

    error = ada.post(f"{plan['url']}apply/", status=409)["error"]

    assert error["code"] == "stale_plan"
    assert error["fields"]["difference"]
    assert Changeset.objects.count() == 0


def test_tie_across_a_cut_is_a_question_that_a_person_answers(ada: Caller) -> None:
    imported(ada, {"Kraken": 500_000, "KuCoin": 500_000, "Gate.io": 300_000})
    plan = ada.post(f"{EPOCH}plan/", RULES, status=201)
    error = ada.post(f"{plan['url']}approve/", {"acknowledgement": "read"}, status=409)["error"]
    assert error["code"] == "open_questions"
    assert [(asked["kind"], asked["group"], asked["choices"]) for asked in error["fields"]["questions"]] == [
        ("tie", "cex", [1, 2])
    ]

    decision = {"group": "cex", "kind": "order", "choices": [2, 1], "reason": "it was there first"}
    settled = ada.post(f"{EPOCH}plan/", RULES | {"decisions": [decision]}, status=201)
    ada.post(f"{settled['url']}approve/", {"acknowledgement": "read"}, status=200)
    moves = {move["exchange"]: move["new"]["tier"] for move in settled["document"]["moves"]}
    assert (moves["kucoin"], moves["kraken"]) == ("gold", "silver")


def test_pressed_twice_one_changeset_is_made(ada: Caller) -> None:
    change = applied(ada)
    assert ada.post(f"{API}plans/{change['plan']}/apply/", status=200) == change
    assert Changeset.objects.count() == 1


def test_override_is_shown_as_one_everywhere(ada: Caller, client: Client) -> None:
    override = {"exchange": "kraken", "tier": "bronze", "reason": "its team left", "expires_on": "2999-01-01"}
    change = applied(ada, overrides=[override])

    document = client.get(f"{API}exchanges/kraken/").json()
    assert (document["tier"], document["tier_basis"]) == ("bronze", "override")
    assert (document["tier_in_force"]["expires_on"], document["tier_in_force"]["basis"]) == ("2999-01-01", "override")
    for address in ("/exchanges/kraken/", "/exchanges/kraken/tier/"):
        assert "<strong>Override.</strong>" in client.get(address).content.decode()
    assert '<span class="small">override</span>' in client.get("/").content.decode()
    assert "its team left" in client.get(change["html_url"]).content.decode()
    assert '<abbr title="override">*</abbr>' in client.get("/governance/").content.decode()


def test_what_takes_effect_later_is_announced_and_not_yet_in_force(ada: Caller, client: Client) -> None:
    applied(ada, effective_from="2999-01-01")

    assert client.get(f"{API}exchanges/kraken/").json()["tier"] is None
    page = " ".join(re.sub(r"<[^>]+>", " ", client.get("/exchanges/kraken/").content.decode()).split())
    assert "Promised No tier" in page
    assert "From 2999-01-01 : Gold, by Epoch 14." in page
    assert client.get(EPOCH).json()["standing"] == "Takes effect on 2999-01-01."
    assert "Takes effect on 2999-01-01." in client.get("/epochs/14/").content.decode()


def test_steps_out_of_turn_are_conflicts_that_say_what_comes_first(ada: Caller) -> None:
    ada.post(f"{API}epochs/", {"number": 14, "reason": "a new quarter"}, status=201)
    for step, body in (("plan", RULES), ("announce", {}), ("rollback", {"reason": "no"})):
        error = ada.post(f"{EPOCH}{step}/", body, status=409)["error"]
        assert error["code"] == "wrong_state"
        assert error["message"]
    assert ada.get(f"{EPOCH}plan/", status=404)["error"]["code"] == "not_found"
    assert ada.post(f"{API}plans/{'0' * 64}/apply/", status=404)["error"]["code"] == "not_found"
    assert ada.post(f"{API}epochs/99/plan/", RULES, status=404)["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("step", "body", "fields"),
    [
        ("polls", {"group": "cexx", "content": "{}"}, ["group"]),
        ("polls", {"group": "cex"}, ["content"]),
        ("polls", {"group": "cex", "content": "{}", "source": "record"}, ["source"]),
        ("polls", {"group": "cex", "source": "snapshot_http"}, ["vote_id"]),
        ("plan", {"polcy": "hgp-45"}, ["polcy"]),
        ("plan", {"effective_from": "soon"}, ["effective_from"]),
        ("plan", {"policy": "hgp-99"}, ["policy"]),
        ("mapping", {}, ["choice"]),
        ("rollback", {}, ["reason"]),
        ("rollback", {"reason": "a\0b"}, [""]),
    ],
)
def test_body_that_cannot_be_meant_is_refused_by_field(
    ada: Caller, step: str, body: dict[str, Any], fields: list[str]
) -> None:
    imported(ada)
    error = ada.post(f"{EPOCH}{step}/", body, status=400)["error"]
    assert (error["code"], list(error["fields"])) == ("invalid", fields)


def test_poll_that_is_no_result_is_a_422_with_every_reason(ada: Caller) -> None:
    report = imported(ada, state="active", scores_state="pending")
    assert report["error"]["code"] == "import_refused"
    assert len(report["error"]["fields"]["problems"]) >= 2
    assert Poll.objects.count() == 0


# Who may


WRITES = (
    "epochs/",
    "epochs/14/polls/",
    "epochs/14/mapping/",
    "epochs/14/target/",
    "epochs/14/plan/",
    "epochs/14/announce/",
    "epochs/14/rollback/",
    f"plans/{'0' * 64}/approve/",
    f"plans/{'0' * 64}/apply/",
)


def test_who_is_not_signed_in_gets_a_401_everywhere() -> None:
    for address in WRITES:
        response = Client().post(API + address, {}, content_type="application/json")
        assert (response.status_code, response.json()["error"]["code"]) == (401, "not_authenticated")
        assert response["WWW-Authenticate"].startswith("Basic")
    for address in ("epochs/14/plan/", "epochs/14/mapping/", f"plans/{'0' * 64}/"):
        assert Client().get(API + address).status_code == 401


def test_wrong_password_is_a_401() -> None:
    user_with()
    response = Client().post(f"{API}epochs/", {}, content_type="application/json", headers=as_basic("ada", "no"))
    assert (response.status_code, response.json()["error"]["code"]) == (401, "authentication_failed")


def test_who_lacks_the_permission_gets_a_403_that_names_it(ada: Caller) -> None:
    imported(ada)
    plan = ada.post(f"{EPOCH}plan/", RULES, status=201)
    user_with(name="eve")
    eve = Caller("eve")
    answer = {"group": "cex", "content": snapshot_answer().decode()}
    tried = (
        (f"{API}epochs/", {"number": 15, "reason": "mine"}, "import_poll"),
        (f"{EPOCH}polls/", answer, "import_poll"),
        (f"{EPOCH}polls/", {"group": "cex", "source": "snapshot_http", "vote_id": "0x" + "a" * 64}, "import_poll"),
        (f"{EPOCH}plan/", RULES, "plan_epoch"),
        (f"{plan['url']}approve/", {"acknowledgement": "x"}, "approve_plan"),
        (f"{plan['url']}apply/", {}, "apply_plan"),
        (f"{EPOCH}announce/", {}, "announce_epoch"),
        (f"{EPOCH}rollback/", {"reason": "mine"}, "plan_epoch"),
    )
    entries = LedgerEntry.objects.count()
    for address, body, permission in tried:
        error = eve.post(address, body, status=403)["error"]
        assert (error["code"], f"registry.{permission}" in error["message"]) == ("permission_denied", True)
    assert LedgerEntry.objects.count() == entries


def test_session_of_the_admin_pages_needs_its_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_with("import_poll"))
    body = {"number": 14, "reason": "a new quarter"}

    def post(**headers: str) -> HttpResponse:
        return client.post(f"{API}epochs/", body, content_type="application/json", headers=headers)

    assert post().status_code == 403
    by_password = Client(enforce_csrf_checks=True).post(
        f"{API}epochs/", body | {"number": 15}, content_type="application/json", headers=as_basic("ada")
    )
    assert by_password.status_code == 201
    client.cookies["csrftoken"] = token = "a" * 32
    assert post(**{"x-csrftoken": token}).status_code == 201


def test_answers_to_admins_are_not_for_other_sites_or_caches(ada: Caller) -> None:
    response = ada.client.post(
        f"{API}epochs/", {"number": 14, "reason": "x"}, content_type="application/json", headers=ada.headers
    )
    assert response["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response
    public = Client().get(f"{API}epochs/")
    assert (public["Cache-Control"], public["Access-Control-Allow-Origin"]) == ("no-cache", "*")


def test_plan_of_a_new_epoch_is_public_only_once_it_was_applied(ada: Caller, client: Client) -> None:
    imported(ada)
    plan_epoch(14, actor=CATALOGUE, reason="x", policy="hgp-45 v1", policy_reason="y")
    document = client.get(EPOCH).json()
    assert (document["state"], document["changeset"], document["moves"]) == ("planned", None, [])
    assert {choice["outcome"] for poll in document["polls"] for choice in poll["choices"]} == {None}
