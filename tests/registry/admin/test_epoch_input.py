"""Whatever is sent to the epoch pages is answered in words: no input makes an error page, or writes by half."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from registry.admin.epoch_forms import ConflictForm
from registry.importers.snapshot import read_snapshot
from registry.models import Choice, LedgerEntry, Plan, Poll
from registry.services.epochs import CATALOGUE, create_epoch, import_poll, plan_epoch
from tests.registry.importers.polls import SMALL
from tests.registry.importers.snapshot_hub import SnapshotHub
from tests.registry.layers import for_the_module
from tests.registry.polls_at_hand import snapshot_answer

NASTY = ["", "0", "-1", "9" * 40, "1e999999", "NaN", "<script>alert(1)</script>", "\x00", "٣", "2026-02-30", "[]", "{}"]


@pytest.fixture(scope="module")
def plan(registry: None, django_db_blocker: Any) -> Iterator[Plan]:
    """Of an epoch with a tie, so that every kind of field is on its pages."""
    with for_the_module(django_db_blocker):
        yield _plan_with_a_tie()


def _plan_with_a_tie() -> Plan:
    create_epoch(15, actor=CATALOGUE, reason="Polls have closed.")
    answer = snapshot_answer({"Kraken": 500_000, "KuCoin": 500_000})
    import_poll(15, read_snapshot(answer, group="cex", origin="poll.json"), actor=CATALOGUE)
    decision = {"group": "cex", "kind": "order", "choices": [1, 2], "reason": "The board."}
    plan_epoch(15, actor=CATALOGUE, policy="hgp-45", policy_reason="For tiers.", decisions=[decision])
    return plan_epoch(15, actor=CATALOGUE, decisions=[])


def addresses(plan: Plan) -> dict[str, str]:
    """Of every page that takes a form."""
    epoch, choice, poll = plan.epoch_id, Choice.objects.first(), Poll.objects.get()
    found: dict[str, tuple[Any, ...]] = {
        "add": (),
        "import": (epoch,),
        "conflict": (epoch,),
        "remove_poll": (epoch, poll.pk),
        "map": (epoch,),
        "map_choice": (epoch, choice.pk if choice else 0),
        "plan_form": (epoch,),
        "approve": (epoch, plan.pk),
        "rollback": (epoch,),
    }
    return {name: reverse(f"admin:registry_epoch_{name}", args=args) for name, args in found.items()}


FIELDS = [
    *("number", "label", "starts_on", "ends_on", "reason", "group", "packed", "origin", "facts", "acknowledgement"),
    *("effective_from", "policy", "policy_reason", "keep", "override-TOTAL_FORMS", "override-INITIAL_FORMS"),
    *("override-0-exchange", "override-0-tier", "override-0-expires_on", "override-0-reason"),
    *("question-0-answer-1", "question-0-answer-2", "question-0-reason"),
    *(
        f"{way}-{name}"
        for way in ("fetch", "csv", "markdown")
        for name in ("group", "vote", "closed_on", "opened_on", "url", "voting", "total", "voters", "table")
    ),
]


@pytest.mark.parametrize("value", NASTY)
def test_nonsense_in_every_field_is_answered_and_writes_nothing(admin_client: Client, plan: Plan, value: str) -> None:
    before = (LedgerEntry.objects.count(), Plan.objects.count(), Poll.objects.count())
    choices = {
        f"choice-{pk}-{name}": value
        for pk in Choice.objects.values_list("pk", flat=True)
        for name in ("meaning", "note")
    }
    sent = dict.fromkeys(FIELDS, value) | choices
    pages = addresses(plan)
    del pages["rollback"]  # its one field is a reason, and any words are one
    del pages["remove_poll"]
    if value == "":
        del pages["plan_form"]

    statuses = {name: admin_client.post(url, sent).status_code for name, url in pages.items()}
    for source in ("file", "csv", "markdown", "nowhere"):
        statuses[source] = admin_client.post(pages["import"], sent | {"source": source}).status_code

    assert set(statuses.values()) <= {200, 302, 409, 422}
    assert (LedgerEntry.objects.count(), Plan.objects.count(), Poll.objects.count()) == before
    assert (
        "<script>alert"
        not in admin_client.get(reverse("admin:registry_epoch_change", args=[plan.epoch_id])).content.decode()
    )


def test_no_form_asks_for_more_lines_than_a_person_could_fill(admin_client: Client, plan: Plan) -> None:
    sent = {"override-TOTAL_FORMS": "1000000", "override-INITIAL_FORMS": "0"}
    answer = admin_client.post(addresses(plan)["plan_form"], sent)
    assert answer.status_code == 422
    assert len(answer.context["overrides"].forms) == 21


@pytest.mark.parametrize("value", NASTY)
def test_what_if_takes_any_address(admin_client: Client, plan: Plan, value: str) -> None:
    url = reverse("admin:registry_epoch_what_if", args=[plan.epoch_id])
    page = admin_client.get(url, {"policy": value, "min_votes": value})
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("number", ["0", "9" * 40, "x", "1.5", "٣"])
def test_address_of_no_epoch_is_not_found(admin_client: Client, number: str) -> None:
    for page in ("change", "import", "map", "plan", "rollback", "what-if"):
        assert admin_client.get(f"/admin/registry/epoch/{number}/{page}/", follow=True).status_code == 404


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"[]", b"{}", b"null", b'{"data": {"proposal": null}}', b"[" * 100_000]
)
@pytest.mark.parametrize("source", ["file", "csv"])
def test_bytes_that_are_no_poll_are_refused(admin_client: Client, plan: Plan, source: str, content: bytes) -> None:
    form = {f"{source}-group": "dex", f"{source}-file": SimpleUploadedFile("poll", content), "source": source}
    answer = admin_client.post(addresses(plan)["import"], form | {"csv-closed_on": "2025-10-08"})
    assert answer.status_code == 422
    assert Poll.objects.count() == 1


def test_table_of_another_result_is_settled_with_what_was_said_beside_it(admin_client: Client) -> None:
    epoch = create_epoch(16, actor=CATALOGUE, reason="Polls have closed.")
    url = reverse("admin:registry_epoch_import", args=[epoch.pk])
    beside = {"csv-group": "cex", "csv-closed_on": "2025-10-08", "csv-title": "CEX poll", "csv-voters": "12"}

    def upload(content: bytes) -> Any:
        file = SimpleUploadedFile("poll.csv", content)
        return admin_client.post(url, {"source": "csv", "csv-file": file, **beside})

    assert upload(b"choice,votes\nKraken,900000\n").status_code == 302
    conflict = upload(b"choice,votes\nKraken,800000\n")
    assert conflict.status_code == 409
    page = conflict.content.decode()
    form: ConflictForm = conflict.context["form"]
    sent = {field.name: field.field.prepare_value(field.value()) for field in form if field.name != "reason"}
    assert all(f'name="{name}"' in page for name in sent)

    settle = reverse("admin:registry_epoch_conflict", args=[epoch.pk])
    assert admin_client.post(settle, sent | {"reason": "A slip of the pen."}).status_code == 302
    poll = Poll.objects.get(epoch__number=16)
    assert (poll.choices.get().votes, poll.title, poll.voters) == (800_000, "CEX poll", 12)


def test_vote_that_stands_in_another_epoch_is_no_conflict_to_settle_here(admin_client: Client, plan: Plan) -> None:
    other = create_epoch(16, actor=CATALOGUE, reason="Another.")
    file = SimpleUploadedFile("poll.json", snapshot_answer({"Kraken": 1, "KuCoin": 2}))
    url = reverse("admin:registry_epoch_import", args=[other.pk])
    answer = admin_client.post(url, {"source": "file", "file-group": "cex", "file-file": file})
    assert answer.status_code == 422
    assert "already that of Epoch 15" in answer.content.decode()


def a_year_earlier(document: dict[str, Any]) -> dict[str, Any]:
    """The answer, closed whenever this test runs."""
    earlier = copy.deepcopy(document)
    for row, names in (
        (earlier["data"]["proposal"], ("start", "end")),
        *((v, ("created",)) for v in earlier["data"]["votes"]),
    ):
        row.update({name: row[name] - 365 * 86_400 for name in names})
    return earlier


@pytest.fixture
def hub() -> Iterator[SnapshotHub]:
    with SnapshotHub() as hub:
        yield hub


def test_poll_is_fetched_by_its_link(admin_client: Client, settings: Any, hub: SnapshotHub) -> None:
    vote_id = hub.add(a_year_earlier(SMALL))
    settings.SNAPSHOT_URL = hub.url
    epoch = create_epoch(16, actor=CATALOGUE, reason="Polls have closed.")
    link = f"https://snapshot.org/#/hbot.eth/proposal/{vote_id}"

    url = reverse("admin:registry_epoch_import", args=[epoch.pk])
    answer = admin_client.post(url, {"source": "fetch", "fetch-group": "cex", "fetch-vote": link})

    assert answer.status_code == 302, answer.context["problems"]
    assert Poll.objects.get(epoch__number=16).evidence.source == "snapshot_http"
    assert list(Choice.objects.filter(poll__epoch=epoch).values_list("name", "mapping")) == [
        ("Binance", "unmapped"),
        ("Kraken", "mapped"),
        ("KuCoin", "mapped"),
    ]


def test_hub_that_is_not_there_is_told_in_words(admin_client: Client, settings: Any, hub: SnapshotHub) -> None:
    settings.SNAPSHOT_URL = hub.url
    epoch = create_epoch(16, actor=CATALOGUE, reason="Polls have closed.")
    url = reverse("admin:registry_epoch_import", args=[epoch.pk])
    answer = admin_client.post(url, {"source": "fetch", "fetch-group": "cex", "fetch-vote": "0x" + "9" * 64})
    assert answer.status_code == 422
    assert answer.context["problems"] != []
