"""Who may do what, whichever door they come through, and what another site could make an admin's browser do."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registry.choices import EpochState, PollGroup
from registry.importers.snapshot import SnapshotUnavailable, fetch_snapshot, read_snapshot
from registry.models import Changeset, Epoch, Exchange, Plan, PollEvidence, Subject
from registry.services.epochs import (
    actor_for,
    apply_plan,
    approve_plan,
    create_epoch,
    import_poll,
    plan_epoch,
)
from registry.services.epochs.errors import NotAllowed, WrongState
from tests.registry.polls_at_hand import snapshot_answer
from tests.registry.small_registry import small_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

STEPS = ("import_poll", "plan_epoch", "approve_plan", "apply_plan", "announce_epoch", "view_epoch")
RULES = {"policy": "hgp-45 v1", "policy_reason": "tried out in a test", "reason": "votes are in"}


@pytest.fixture(autouse=True)
def _registry(db: None) -> Iterator[None]:
    small_registry()
    cache.clear()
    yield
    cache.clear()


def person(name: str, *permissions: str, **more: Any) -> User:
    user = User.objects.create_user(name, password="pw", **more)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def basic(name: str, word: str = "pw") -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{word}".encode()).decode()}


def planned(user: User) -> Plan:
    actor = actor_for(user)
    create_epoch(14, actor=actor, reason="a new quarter")
    import_poll(14, read_snapshot(snapshot_answer(), group=PollGroup.CEX, origin="a.json"), actor=actor)
    return plan_epoch(14, actor=actor, **RULES)


def test_an_approval_from_before_four_eyes_is_not_applied(settings: Any) -> None:
    settings.BELLWETHER_FOUR_EYES = False
    ada = person("ada", *STEPS)
    plan = approve_plan(planned(ada).hash, actor=actor_for(ada), acknowledgement="read")

    settings.BELLWETHER_FOUR_EYES = True

    with pytest.raises(WrongState, match="four eyes"):
        apply_plan(plan.hash, actor=actor_for(ada))
    assert not Changeset.objects.exists()


@pytest.mark.parametrize("taken", ["permission", "activity"])
def test_who_lost_the_right_since_cannot_go_on(taken: str) -> None:
    ada = person("ada", *STEPS)
    plan = approve_plan(planned(ada).hash, actor=actor_for(ada), acknowledgement="read")
    if taken == "permission":
        ada.user_permissions.clear()
    else:
        User.objects.filter(pk=ada.pk).update(is_active=False)

    with pytest.raises(NotAllowed):
        apply_plan(plan.hash, actor=actor_for(User.objects.get(pk=ada.pk)))
    answer = Client().post(f"/api/v1/plans/{plan.hash}/apply/", headers=basic("ada"))
    assert answer.status_code == (403 if taken == "permission" else 401)
    assert not Changeset.objects.exists()


@pytest.mark.parametrize("page", ["plan/", "polls/", "mapping/"])
def test_who_has_no_role_sees_no_plan_through_the_api(page: str) -> None:
    planned(person("ada", *STEPS))
    person("eve")

    assert Client().get(f"/api/v1/epochs/14/{page}", headers=basic("eve")).status_code == 403
    assert Client().get(f"/api/v1/epochs/14/{page}", headers=basic("ada")).status_code == 200
    assert Client().get(f"/api/v1/plans/{Plan.objects.get().hash}/", headers=basic("eve")).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example", "https://testserver"]
)
def test_another_site_cannot_use_the_login_that_a_browser_keeps(origin: str) -> None:
    """A browser sends HTTP Basic along by itself, and an empty POST needs no leave of ours."""
    ada = person("ada", *STEPS)
    plan = approve_plan(planned(ada).hash, actor=actor_for(ada), acknowledgement="read")

    answer = Client().post(f"/api/v1/plans/{plan.hash}/apply/", headers=basic("ada") | {"origin": origin})

    assert answer.status_code == 403
    assert not Changeset.objects.exists()


@pytest.mark.parametrize("origin", ["http://testserver", "https://status.example.org"])
def test_our_own_pages_and_trusted_origins_may_call(origin: str, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://status.example.org"]
    person("ada", *STEPS)

    sent_from = basic("ada") | {"origin": origin}
    answer = Client().post("/api/v1/epochs/", {}, content_type="application/json", headers=sent_from)

    assert answer.status_code == 400  # it is read: what is missing is a number


def test_guessing_a_password_is_slowed_down_for_that_name_and_address_alone() -> None:
    person("ada", *STEPS)
    person("bob", *STEPS)
    client = Client()
    for _ in range(10):
        assert client.get("/api/v1/epochs/1/plan/", headers=basic("ada", "wrong")).status_code == 401

    refused = client.get("/api/v1/epochs/1/plan/", headers=basic("ada"))

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert refused.json()["error"]["code"] == "throttled"
    assert client.get("/api/v1/epochs/1/plan/", headers=basic("bob")).status_code == 404
    assert client.get("/api/v1/epochs/1/plan/", headers=basic("ada"), REMOTE_ADDR="192.0.2.7").status_code == 404


def test_a_forwarded_address_that_a_client_makes_up_buys_no_more_guesses() -> None:
    person("ada", *STEPS)
    answers = [
        Client().get("/api/v1/epochs/1/plan/", headers=basic("ada", "x") | {"x-forwarded-for": f"192.0.2.{place}"})
        for place in range(12)
    ]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2


def test_right_passwords_are_not_counted() -> None:
    person("ada", *STEPS)

    answers = {Client().get("/api/v1/epochs/1/plan/", headers=basic("ada")).status_code for _ in range(15)}

    assert answers == {404}


def test_bytes_that_a_form_carried_cannot_be_passed_off_as_fetched() -> None:
    """The conflict page brings the bytes back through the browser: what it says of them is sealed."""
    governor = User.objects.create_user("gov", password="pw", is_staff=True)
    governor.groups.set(Group.objects.filter(name="governor"))
    planned(person("ada", *STEPS))
    Epoch.objects.update(state=EpochState.PLANNED)
    client = Client()
    client.force_login(governor)
    address = f"/admin/registry/epoch/{Epoch.objects.get().pk}/import/"
    other = SimpleUploadedFile("b.json", snapshot_answer({"Kraken": 1, "KuCoin": 2}))
    page = client.post(address, {"source": "file", "file-group": "cex", "file-file": other})
    assert page.status_code == 409
    said = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    said = {name: value for name, value in said.items() if value not in (None, {})} | {"reason": "mine is better"}

    for name, forged in (("source", "fetch"), ("origin", "https://hub.snapshot.org/graphql")):
        client.post(f"{address}conflict/", said | {name: forged})
    assert PollEvidence.objects.count() == 1

    client.post(f"{address}conflict/", said)
    assert set(PollEvidence.objects.values_list("origin", "source")) == {
        ("a.json", "snapshot_file"),
        ("b.json", "snapshot_file"),
    }


@pytest.mark.parametrize(("model", "kept"), [("exchange", "slug"), ("subject", "slug"), ("subject", "kind")])
def test_an_editor_does_not_take_away_the_name_that_decisions_are_kept_under(model: str, kept: str) -> None:
    editor = User.objects.create_user("edi", password="pw", is_staff=True)
    editor.groups.set(Group.objects.filter(name="editor"))
    client = Client()
    client.force_login(editor)

    kraken = Exchange.objects.get(slug="kraken") if model == "exchange" else Subject.objects.get(slug="kraken")
    page = client.get(f"/admin/registry/{model}/{kraken.pk}/change/")
    new = client.get(f"/admin/registry/{model}/add/")

    assert kept not in page.context["adminform"].form.fields
    assert kept in new.context["adminform"].form.fields


@pytest.mark.parametrize("rest", ["?apiKey=made-up", "#made-up"])
def test_a_key_in_the_hubs_address_is_refused_untold(rest: str) -> None:
    """The address becomes the origin of the evidence, which pages show."""
    with pytest.raises(SnapshotUnavailable, match="BELLWETHER_SNAPSHOT_KEY") as refused:
        fetch_snapshot("0x" + "a" * 64, group=PollGroup.CEX, endpoint=f"https://hub.example/graphql{rest}")

    assert "made-up" not in str(refused.value)
