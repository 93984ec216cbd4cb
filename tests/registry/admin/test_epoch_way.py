"""An epoch's whole way through the admin pages: as one person, and with each role doing its part."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from registry.models import Changeset, Choice, Epoch, Exchange, LedgerEntry, OutboxMessage, Plan, Policy, TierAssignment
from registry.services import ledger
from tests.registry.polls_at_hand import VOTES, snapshot_answer

NUMBER = 15


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:registry_epoch_{name}", args=args)


def create(client: Client, number: int = NUMBER) -> Epoch:
    answer = client.post(url("add"), {"number": number, "label": "Q4 2025", "reason": "Polls have closed."})
    assert answer.status_code == 302, answer.context["form"].errors
    return Epoch.objects.get(number=number)


def upload(client: Client, epoch: Epoch, content: bytes, group: str = "cex") -> HttpResponse:
    file = SimpleUploadedFile("poll.json", content)
    return client.post(url("import", epoch.pk), {"source": "file", "file-group": group, "file-file": file})


def plan(client: Client, epoch: Epoch, **said: Any) -> HttpResponse:
    policy = Policy.objects.get(slug="hgp-45")
    form = {
        "policy": policy.pk,
        "policy_reason": "This test wants tiers.",
        "override-TOTAL_FORMS": "2",
        "override-INITIAL_FORMS": "0",
    }
    return client.post(url("plan_form", epoch.pk), form | said)


def latest(epoch: Epoch) -> Plan:
    found = epoch.current_plan
    assert found is not None
    return found


def approve(client: Client, epoch: Epoch, words: str = "Read, and fine.") -> HttpResponse:
    return client.post(url("approve", epoch.pk, latest(epoch).pk), {"acknowledgement": words})


def apply(client: Client, epoch: Epoch) -> HttpResponse:
    return client.post(url("apply", epoch.pk, latest(epoch).pk))


def tiers() -> dict[str, str]:
    found = Exchange.objects.with_tier().exclude(current_tier="")
    return dict(found.values_list("slug", "current_tier"))


def state(epoch: Epoch) -> str:
    epoch.refresh_from_db()
    return epoch.state


def said(answer: HttpResponse) -> str:
    return answer.content.decode()


@pytest.mark.slow("a dozen pages, each with its transaction")
def test_superuser_takes_an_epoch_along_its_whole_way_and_back(admin_client: Client) -> None:
    epoch = create(admin_client)
    assert state(epoch) == "draft"
    assert upload(admin_client, epoch, snapshot_answer()).status_code == 302
    assert state(epoch) == "mapped"  # every name of it is an alias

    assert plan(admin_client, epoch).status_code == 302
    page = said(admin_client.get(url("plan", epoch.pk, latest(epoch).pk)))
    assert "Entered: 3" in page
    assert latest(epoch).hash in page
    assert latest(epoch).base in page
    assert tiers() == {}

    assert approve(admin_client, epoch).status_code == 302
    assert apply(admin_client, epoch).status_code == 302
    assert tiers() == {"kraken": "gold", "kucoin": "silver", "gate-io": "silver"}

    announced = admin_client.post(url("announce", epoch.pk), follow=True)
    assert "Published: " in said(announced)
    assert OutboxMessage.objects.get().published_at is not None

    admin_client.post(url("rollback", epoch.pk), {"reason": "A vote was counted twice."})
    preview = said(admin_client.get(url("plan", epoch.pk, latest(epoch).pk)))
    assert "Roll-back plan" in preview
    assert tiers() == {"kraken": "gold", "kucoin": "silver", "gate-io": "silver"}
    approve(admin_client, epoch)
    apply(admin_client, epoch)

    assert state(epoch) == "rolled_back"
    assert tiers() == {}
    assert Changeset.objects.count() == 2
    assert ledger.verify() == []
    assert set(LedgerEntry.objects.values_list("actor", flat=True)) == {"admin"}


def test_each_role_does_its_part(signed_in: Any) -> None:
    governor, approver, auditor = signed_in("governor"), signed_in("approver"), signed_in("auditor")
    epoch = create(governor)
    upload(governor, epoch, snapshot_answer())
    plan(governor, epoch)
    approve(approver, epoch)
    apply(approver, epoch)
    approver.post(url("announce", epoch.pk))

    assert state(epoch) == "announced"
    page = said(auditor.get(url("change", epoch.pk)))
    assert "Approved a plan, by approver" in page
    assert "Ledger" not in said(signed_in("viewer").get(url("change", epoch.pk))).replace("Ledger entries", "")


PAGES = ("import", "map", "plan_form", "rollback")


@pytest.mark.parametrize(
    ("role", "opened"),
    [
        ("viewer", set()),
        ("editor", set()),
        ("governor", set(PAGES)),
        ("approver", set()),
        ("auditor", set()),
    ],
)
def test_role_opens_the_pages_of_its_steps_and_no_others(
    admin_client: Client, signed_in: Any, role: str, opened: set[str]
) -> None:
    epoch = create(admin_client)
    client = signed_in(role)
    assert client.get(url("change", epoch.pk)).status_code == 200
    answers = {page: client.get(url(page, epoch.pk)).status_code for page in PAGES}
    assert {page for page, status in answers.items() if status == 200} == opened
    assert {status for status in answers.values() if status != 200} <= {403}
    assert client.get(url("add")).status_code == (200 if role == "governor" else 403)


@pytest.mark.parametrize("role", ["viewer", "editor", "governor", "auditor"])
def test_only_an_approver_approves_applies_and_announces(admin_client: Client, signed_in: Any, role: str) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    client = signed_in(role)

    page = said(client.get(url("plan", epoch.pk, latest(epoch).pk)))
    assert "Approve exactly this plan" not in page
    assert approve(client, epoch).status_code == 403
    assert latest(epoch).approved_at is None

    approve(admin_client, epoch)
    assert "Apply the plan now" not in said(client.get(url("plan", epoch.pk, latest(epoch).pk)))
    assert apply(client, epoch).status_code == 403
    assert client.post(url("announce", epoch.pk)).status_code == 403
    assert tiers() == {}


def test_stranger_to_the_admin_is_sent_to_the_login(client: Client, admin_client: Client) -> None:
    epoch = create(admin_client)
    for name in ("change", "import", "map", "plan_form", "rollback", "what_if"):
        answer = Client().get(url(name, epoch.pk))
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("page", ["approve", "apply"])
def test_steps_without_a_form_are_not_taken_by_following_a_link(admin_client: Client, page: str) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    assert admin_client.get(url(page, epoch.pk, latest(epoch).pk)).status_code == 405
    assert admin_client.get(url("announce", epoch.pk)).status_code == 405


def test_form_without_its_token_is_refused(admin_user: Any, admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert approve(strict, epoch).status_code == 403
    assert latest(epoch).approved_at is None


def test_page_says_in_words_where_the_epoch_stands_and_offers_what_is_next(admin_client: Client) -> None:
    epoch = create(admin_client)
    page = said(admin_client.get(url("change", epoch.pk)))
    assert "<strong>Draft</strong> – here now" in page
    assert "<strong>Imported</strong> – to come" in page
    assert page.count('aria-current="step"') == 1
    assert "Import a poll" in page
    assert "Take it back" not in page


def test_epoch_that_is_there_already_is_refused_on_the_form(admin_client: Client) -> None:
    create(admin_client)
    answer = admin_client.post(url("add"), {"number": NUMBER, "reason": "Again."})
    assert answer.status_code == 422
    assert "There is an epoch 15 already" in said(answer)


def test_refused_poll_tells_every_reason_and_writes_nothing(admin_client: Client) -> None:
    epoch = create(admin_client)
    answer = upload(admin_client, epoch, snapshot_answer(state="active", scores_state="pending", scores_total=5))
    assert answer.status_code == 422
    assert len(answer.context["problems"]) >= 2
    assert all(
        problem in said(answer).replace("&#x27;", "'").replace("&quot;", '"') for problem in answer.context["problems"]
    )
    assert not epoch.polls.exists()


def test_same_bytes_again_change_nothing(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    count = LedgerEntry.objects.count()
    answer = admin_client.get(upload(admin_client, epoch, snapshot_answer()).url)
    assert "nothing was changed" in said(answer)
    assert LedgerEntry.objects.count() == count


def test_other_bytes_of_a_poll_show_the_difference_and_hold_only_with_a_reason(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    other = upload(admin_client, epoch, snapshot_answer(VOTES | {"Kraken": 950_000}))
    assert other.status_code == 409
    assert any("Kraken" in line for line in other.context["difference"])
    assert Choice.objects.get(name="Kraken").votes == 900_000

    form = {name: other.context["form"][name].value() for name in ("group", "source", "packed", "origin", "seal")}
    refused = admin_client.post(url("conflict", epoch.pk), form | {"facts": "{}", "reason": ""})
    assert refused.status_code == 409
    assert Choice.objects.get(name="Kraken").votes == 900_000

    settled = admin_client.post(url("conflict", epoch.pk), form | {"facts": "{}", "reason": "The first was cut off."})
    assert settled.status_code == 302
    assert Choice.objects.get(name="Kraken").votes == 950_000


def test_damaged_conflict_form_is_refused_in_words(admin_client: Client) -> None:
    epoch = create(admin_client)
    form = {
        "group": "cex",
        "source": "file",
        "packed": "!!",
        "origin": "poll.json",
        "facts": "{}",
        "reason": "Because.",
    }
    answer = admin_client.post(url("conflict", epoch.pk), form, follow=True)
    assert "The form came back damaged" in said(answer)
    assert not epoch.polls.exists()


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("csv", {"file": SimpleUploadedFile("poll.csv", b"choice,votes\nKraken,900000\nKuCoin,500000\n")}),
        ("markdown", {"table": "| Exchange | Votes |\n| --- | --- |\n| Kraken | 900,000 |\n| KuCoin | 500,000 |\n"}),
    ],
)
def test_poll_comes_in_as_a_table(admin_client: Client, source: str, content: dict[str, Any]) -> None:
    epoch = create(admin_client)
    form = {"group": "cex", "closed_on": "2025-10-08", "title": "CEX poll", **content}
    answer = admin_client.post(
        url("import", epoch.pk), {"source": source, **{f"{source}-{name}": value for name, value in form.items()}}
    )
    assert answer.status_code == 302, (
        answer.context["problems"],
        [form.errors for _, _, form in answer.context["ways"]],
    )
    assert list(Choice.objects.values_list("name", flat=True)) == ["Kraken", "KuCoin"]


def test_poll_is_taken_out_with_a_reason(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    page = url("remove_poll", epoch.pk, epoch.polls.get().pk)
    assert admin_client.post(page, {"reason": ""}).status_code == 200
    assert epoch.polls.exists()
    assert admin_client.post(page, {"reason": "It is another epoch's."}).status_code == 302
    assert not epoch.polls.exists()


def test_unknown_choice_is_mapped_left_out_or_refused_by_hand(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer({"Kraken": 900_000, "Krakn": 500_000, "Nowhere Such": 300_000}))
    typo, nowhere = Choice.objects.get(name="Krakn"), Choice.objects.get(name="Nowhere Such")
    page = said(admin_client.get(url("map", epoch.pk)))
    assert "2 choices are not mapped yet" in page
    assert 'label="Suggested"' in page

    refused = admin_client.post(url("map", epoch.pk), {f"choice-{nowhere.pk}-meaning": "ignore"})
    assert refused.status_code == 422
    assert "say why Nowhere Such is left out" in said(refused)

    kucoin = Exchange.objects.get(slug="kucoin").subject
    decided = {
        f"choice-{typo.pk}-meaning": kucoin.pk,
        f"choice-{nowhere.pk}-meaning": "ignore",
        f"choice-{nowhere.pk}-note": "It is no exchange.",
    }
    assert admin_client.post(url("map", epoch.pk), decided).status_code == 302
    typo.refresh_from_db()
    nowhere.refresh_from_db()
    assert (typo.subject, nowhere.mapping, nowhere.mapping_note) == (kucoin, "ignored", "It is no exchange.")
    assert state(epoch) == "mapped"

    change = url("map_choice", epoch.pk, typo.pk)
    assert admin_client.post(change, {f"choice-{typo.pk}-meaning": "unmap"}).status_code == 302
    assert state(epoch) == "imported"


def test_plan_takes_a_day_and_an_override_and_says_so(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    override = {
        "override-0-exchange": "ascend-ex",
        "override-0-tier": "bronze",
        "override-0-expires_on": "2031-01-01",
        "override-0-reason": "The board asked for it.",
    }
    assert plan(admin_client, epoch, effective_from="2030-01-01", **override).status_code == 302

    page = said(admin_client.get(url("plan", epoch.pk, latest(epoch).pk)))
    assert "Bronze until 2031-01-01, because The board asked for it." in page
    assert "2030-01-01" in page
    assert "an override" in page


def test_override_without_reason_or_end_is_refused(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    answer = plan(admin_client, epoch, **{"override-0-exchange": "kucoin", "override-0-tier": "gold"})
    assert answer.status_code == 422
    assert "an override needs a reason" in said(answer)
    assert "an override needs an end" in said(answer)
    assert not Plan.objects.exists()


def test_tie_across_a_cut_is_decided_on_the_plan_form(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer({"Kraken": 500_000, "KuCoin": 500_000}))
    plan(admin_client, epoch)
    assert len(latest(epoch).document["questions"]) == 1
    refused = approve(admin_client, epoch)
    assert refused.status_code == 422

    form = said(admin_client.get(url("plan_form", epoch.pk)))
    assert "Place of KuCoin among them" in form
    both_first = {"question-0-answer-1": "1", "question-0-answer-2": "1", "question-0-reason": "The board’s vote."}
    assert plan(admin_client, epoch, **both_first).status_code == 422
    answer = {"question-0-answer-1": "2", "question-0-answer-2": "1", "question-0-reason": "The board’s vote."}
    assert plan(admin_client, epoch, **answer).status_code == 302

    assert latest(epoch).document["questions"] == []
    moves = {move["exchange"]: move["new"]["tier"] for move in latest(epoch).document["moves"]}
    assert moves == {"kucoin": "gold", "kraken": "silver"}
    kept = said(admin_client.get(url("plan_form", epoch.pk)))
    assert "in this order: KuCoin, Kraken" in kept

    assert plan(admin_client, epoch, keep="0").status_code == 302
    assert latest(epoch).document["questions"] == []
    assert plan(admin_client, epoch).status_code == 302
    assert len(latest(epoch).document["questions"]) == 1


def test_warnings_have_to_be_answered_in_words(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    assert latest(epoch).document["warnings"] != []
    answer = approve(admin_client, epoch, words="")
    assert answer.status_code == 422
    assert "say in words what you make of the plan&#x27;s warnings" in said(answer)
    assert latest(epoch).approved_at is None


def test_plan_made_from_another_state_is_refused_with_the_new_difference(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    approve(admin_client, epoch)
    TierAssignment.objects.create(
        exchange=Exchange.objects.get(slug="kraken"),
        tier="bronze",
        reason="Meanwhile.",
        decided_by="HBOT holders",
        recorded_by="somebody",
        effective_from="2023-10-14",
    )

    answer = apply(admin_client, epoch)

    assert answer.status_code == 409
    assert answer.context["difference"] != ()
    assert "This plan is out of date" in said(answer)
    assert "Plan again" in said(answer)
    assert not Changeset.objects.exists()


def test_second_press_makes_no_second_changeset(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    approve(admin_client, epoch)
    assert (apply(admin_client, epoch).status_code, apply(admin_client, epoch).status_code) == (302, 302)
    assert Changeset.objects.count() == 1


def test_what_if_shows_a_difference_and_writes_nothing(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)
    before = (Plan.objects.count(), LedgerEntry.objects.count())

    page = said(admin_client.get(url("what_if", epoch.pk) + "?policy=&min_votes=400000"))

    assert "Gate.io" in page
    assert (Plan.objects.count(), LedgerEntry.objects.count()) == before


def test_step_out_of_turn_is_told_and_never_an_error_page(admin_client: Client) -> None:
    epoch = create(admin_client)
    assert plan(admin_client, epoch).status_code == 422
    rollback = admin_client.post(url("rollback", epoch.pk), {"reason": "Too early."})
    assert rollback.status_code == 422
    assert "there is nothing to take back" in said(rollback)
    assert admin_client.post(url("announce", epoch.pk)).status_code == 302
    what_if = admin_client.get(url("what_if", epoch.pk) + "?min_votes=1")
    assert what_if.status_code == 200


def test_no_page_is_found_for_an_epoch_that_is_not_there(admin_client: Client) -> None:
    assert admin_client.get(url("change", 4711)).status_code == 404
    assert admin_client.get(url("import", 4711)).status_code == 404


def test_single_proposal_is_given_its_exchange_and_adds_it(admin_client: Client) -> None:
    epoch = create(admin_client)
    proposal = snapshot_answer({"For": 6_000_000, "Against": 1_000}, type="basic", title="HGP-90: add Kraken")
    assert upload(admin_client, epoch, proposal, group="proposal").status_code == 302
    assert state(epoch) == "imported"
    assert "nobody said yet whom it is about" in said(admin_client.get(url("map", epoch.pk)))

    target = url("target", epoch.pk, epoch.polls.get().pk)
    assert admin_client.get(target).status_code == 200
    kraken = Exchange.objects.get(slug="kraken")
    assert admin_client.post(target, {"subject": kraken.subject.pk, "action": "add"}).status_code == 302
    assert state(epoch) == "mapped"

    assert plan(admin_client, epoch, policy="", policy_reason="").status_code == 302
    assert "Kraken" in said(admin_client.get(url("plan", epoch.pk, latest(epoch).pk)))
    assert approve(admin_client, epoch).status_code == 302
    assert apply(admin_client, epoch).status_code == 302
    assert TierAssignment.objects.get(exchange=kraken).included is True


def test_chain_that_is_new_is_named_while_mapping(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer({"Some Chain": 900_000, "Other": 300_000}), group="chain")
    named, plain = Choice.objects.get(name="Some Chain"), Choice.objects.get(name="Other")
    decided = {
        f"choice-{named.pk}-meaning": "new",
        f"choice-{named.pk}-note": "The Chain",
        f"choice-{plain.pk}-meaning": "new",
    }
    assert admin_client.post(url("map", epoch.pk), decided).status_code == 302
    named.refresh_from_db()
    plain.refresh_from_db()
    assert (named.subject.name, named.subject.slug, named.subject.kind) == ("The Chain", "the-chain", "chain")
    assert plain.subject.name == "Other"


def test_exchange_is_never_made_up_while_mapping(admin_client: Client) -> None:
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer({"Kraken": 900_000, "Nowhere": 300_000}))
    choice = Choice.objects.get(name="Nowhere")
    answer = admin_client.post(url("map", epoch.pk), {f"choice-{choice.pk}-meaning": "new"})
    assert answer.status_code == 422
    assert not Exchange.objects.filter(name="Nowhere").exists()


def test_four_eyes_keep_the_planner_from_approving(settings: Any, admin_client: Client, signed_in: Any) -> None:
    settings.BELLWETHER_FOUR_EYES = True
    epoch = create(admin_client)
    upload(admin_client, epoch, snapshot_answer())
    plan(admin_client, epoch)

    refused = approve(admin_client, epoch)
    assert refused.status_code == 422
    assert "let another person approve it" in said(refused)
    assert approve(signed_in("approver"), epoch).status_code == 302
