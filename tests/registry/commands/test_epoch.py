"""manage.py epoch: the whole way from a terminal, with exit codes that a script can go by."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from registry.models import Changeset, Choice, Epoch, Exchange, LedgerEntry, Plan, Poll, TierAssignment
from registry.triggers import guard_statements, unguard_statements
from tests.registry.commands.conftest import Ended
from tests.registry.importers.snapshot_hub import SnapshotHub
from tests.registry.polls_at_hand import MARKDOWN, VOTE_ID, VOTES, snapshot_answer

Run = Callable[..., Ended]
TIERS = ("--policy", "hgp-45", "--policy-reason", "This test wants tiers.")


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    path = tmp_path / "poll.json"
    path.write_bytes(snapshot_answer())
    return path


@pytest.fixture
def epoch(run: Run, answer: Path) -> Epoch:
    """Epoch 15 with its poll, mapped."""
    assert run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice").code == 0
    assert run("epoch", "import", 15, "--group", "cex", "--snapshot", answer, "--as", "alice").code == 0
    return Epoch.objects.get(number=15)


def plan_hash(epoch: Epoch) -> str:
    plan = epoch.current_plan
    assert plan is not None
    return plan.hash


def tiers() -> dict[str, str]:
    found = Exchange.objects.with_tier().exclude(current_tier="")
    return dict(found.values_list("slug", "current_tier"))


@pytest.mark.slow("a dozen commands, each with its transaction")
def test_epoch_goes_its_whole_way_and_back(run: Run, epoch: Epoch) -> None:
    planned = run("epoch", "plan", 15, *TIERS, "--as", "governor")
    assert "+ Entered: 3" in planned.out
    assert "Kraken" in planned.out
    assert tiers() == {}

    short = plan_hash(epoch)[:8]
    assert run("epoch", "approve", 15, "--plan", short, "--acknowledge", "Read.", "--as", "approver").code == 0
    applied = run("epoch", "apply", 15, "--plan", short, "--as", "approver")
    assert applied.out.startswith("changeset 1 (apply), from ")
    assert tiers() == {"kraken": "gold", "kucoin": "silver", "gate-io": "silver"}
    assert run("epoch", "announce", 15, "--as", "approver").out.startswith("published: ")
    assert run("epoch", "announce", 15, "--as", "approver").out == "nothing was left to announce\n"

    assert run("epoch", "rollback", 15, "--reason", "Counted twice.", "--as", "governor").code == 0
    short = plan_hash(epoch)[:8]
    assert run("epoch", "approve", 15, "--plan", short, "--as", "approver").code == 0
    assert run("epoch", "apply", 15, "--plan", short, "--as", "approver").code == 0
    assert tiers() == {}
    assert run("epoch", "show", 15).out.startswith("Epoch 15: Rolled back; next: ")
    assert run("ledger", "verify").code == 0


def test_plan_stands_there_as_a_table_of_words(run: Run, epoch: Epoch) -> None:
    lines = run("epoch", "plan", 15, *TIERS, "--as", "alice").out.splitlines()
    head = next(line for line in lines if line.split()[:2] == ["exchange", "from"])
    row = next(line for line in lines if line.startswith("  Kraken "))
    assert row[head.index("to") :].startswith("Gold")
    assert "900,000" in row
    assert "1 of 4" in row


@pytest.mark.parametrize(
    ("words", "user"),
    [
        (["create", "16", "--reason", "To try."], "viewer"),
        (["plan", "15"], "approver"),
        (["announce", "15"], "governor"),
        (["rollback", "15", "--reason", "To try."], "approver"),
    ],
)
def test_user_without_the_permission_ends_with_3(run: Run, epoch: Epoch, words: list[str], user: str) -> None:
    before = LedgerEntry.objects.count()
    ended = run("epoch", *words, "--as", user)
    assert ended.code == 3
    assert "ask an administrator for the permission registry." in ended.complaint
    assert LedgerEntry.objects.count() == before


def test_unknown_user_is_refused_by_name(run: Run) -> None:
    ended = run("epoch", "create", 16, "--reason", "To try.", "--as", "nobody")
    assert (ended.code, ended.complaint) == (
        1,
        "--as: there is no user nobody; make one with manage.py createsuperuser",
    )


def test_unknown_epoch_is_refused(run: Run) -> None:
    ended = run("epoch", "show", 99)
    assert (ended.code, ended.complaint) == (1, "There is no epoch 99: create it first.")


def test_poll_with_another_result_waits_for_a_person_and_ends_with_4(run: Run, epoch: Epoch, answer: Path) -> None:
    answer.write_bytes(snapshot_answer(VOTES | {"Kraken": 950_000}))
    words = ("epoch", "import", 15, "--group", "cex", "--snapshot", answer, "--as", "alice")

    assert run(*words).code == 4
    assert run(*words, "--replace").code == 1  # for want of a reason
    assert Choice.objects.get(name="Kraken").votes == 900_000
    assert run(*words, "--replace", "--reason", "The first was cut off.").code == 0
    assert Choice.objects.get(name="Kraken").votes == 950_000


def test_same_bytes_again_change_nothing(run: Run, epoch: Epoch, answer: Path) -> None:
    before = LedgerEntry.objects.count()
    ended = run("epoch", "import", 15, "--group", "cex", "--snapshot", answer, "--as", "alice")
    assert ended.code == 0
    assert "nothing was changed" in ended.out
    assert LedgerEntry.objects.count() == before


def test_refused_bytes_tell_every_reason(run: Run, tmp_path: Path) -> None:
    run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice")
    path = tmp_path / "open.json"
    path.write_bytes(snapshot_answer(state="active", scores_state="pending", scores_total=5))
    ended = run("epoch", "import", 15, "--group", "cex", "--snapshot", path, "--as", "alice")
    assert ended.code == 1
    assert len(ended.complaint.splitlines()) >= 2
    assert not Poll.objects.exists()


@pytest.mark.parametrize("option", ["--csv", "--markdown"])
def test_table_is_imported_with_what_it_does_not_say(run: Run, tmp_path: Path, option: str) -> None:
    run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice")
    path = tmp_path / "table"
    path.write_text(MARKDOWN if option == "--markdown" else "choice,votes\nKraken,900000\nKuCoin,500000\n")
    words = ("epoch", "import", 15, "--group", "cex", option, path, "--as", "alice")

    assert "--closed-on" in run(*words).complaint
    assert run(*words, "--closed-on", "2025-10-08").code == 0
    assert [int(votes) for votes in Choice.objects.values_list("votes", flat=True)] == [900_000, 500_000]


def test_file_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice")
    ended = run("epoch", "import", 15, "--group", "cex", "--snapshot", tmp_path / "none.json", "--as", "alice")
    assert ended.code == 1
    assert "none.json" in ended.complaint


def test_open_choices_are_listed_and_mapped(run: Run, tmp_path: Path) -> None:
    run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice")
    path = tmp_path / "poll.json"
    path.write_bytes(snapshot_answer({"Kraken": 900_000, "Krakn": 300_000, "Nowhere": 1}))
    run("epoch", "import", 15, "--group", "cex", "--snapshot", path, "--as", "alice")

    listed = run("epoch", "map", 15)
    assert listed.out.splitlines() == ["cex:2 Krakn; perhaps kraken", "cex:3 Nowhere; perhaps nobody known"]
    assert run("epoch", "plan", 15, *TIERS, "--as", "alice").code == 4

    assert run("epoch", "map", 15, "--choice", "cex:2", "--subject", "kucoin", "--as", "alice").code == 0
    assert run("epoch", "map", 15, "--choice", "cex:3", "--ignore", "--as", "alice").code == 1
    words = ("epoch", "map", 15, "--choice", "cex:3", "--ignore", "--reason", "No exchange.", "--as", "alice")
    assert run(*words).out == "Nowhere: left out, with a reason\n"
    assert run("epoch", "map", 15).out == "every choice is decided\n"
    assert Epoch.objects.get(number=15).state == "mapped"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--choice", "cex:1"], "--as: name the user who maps it"),
        (["--choice", "cex:1", "--as", "alice"], "say what it stands for: --subject, --new, --ignore or --undo"),
        (["--choice", "cex", "--as", "alice"], "'cex' names no choice"),
        (["--choice", "cex:9", "--as", "alice"], "the poll has no choice 9"),
        (["--choice", "dex:1", "--as", "alice"], "'dex' is no poll of epoch 15: cex#"),
        (["--choice", "cex:1", "--subject", "nobody", "--as", "alice"], "there is no exchange 'nobody'"),
    ],
)
def test_mapping_that_cannot_be_meant_says_what_is_missing(
    run: Run, epoch: Epoch, words: list[str], complaint: str
) -> None:
    ended = run("epoch", "map", 15, *words)
    assert ended.code == 1
    assert complaint in ended.complaint


def test_tie_is_decided_and_an_override_given_on_the_command_line(run: Run, tmp_path: Path) -> None:
    run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice")
    path = tmp_path / "poll.json"
    path.write_bytes(snapshot_answer({"Kraken": 500_000, "KuCoin": 500_000}))
    run("epoch", "import", 15, "--group", "cex", "--snapshot", path, "--as", "alice")
    epoch = Epoch.objects.get()

    assert "Open questions: 1" in run("epoch", "plan", 15, *TIERS, "--as", "alice").out
    approve = ("epoch", "approve", 15, "--plan", plan_hash(epoch), "--acknowledge", "Read.", "--as", "alice")
    assert run(*approve).code == 4

    words = ("--decide", "cex", "order", "2,1", "The board's vote.")
    override = ("--override", "ascend-ex", "bronze", "2035-01-01", "Asked for.")
    decided = run("epoch", "plan", 15, *words, *override, "--as", "alice")
    assert "in this order: KuCoin, Kraken (because The board's vote.)" in decided.out
    assert "AscendEx: Bronze until 2035-01-01, because Asked for." in decided.out

    dropped = run("epoch", "plan", 15, "--no-decisions", "--no-overrides", "--as", "alice")
    assert "Open questions: 1" in dropped.out
    assert "Overrides" not in dropped.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--decide", "cex", "first", "1", "x"], "--decide cex first"),
        (["--decide", "nowhere", "order", "1", "x"], "--decide nowhere order"),
        (["--decide", "cex", "order", "a,b", "x"], "'a,b' are no choices"),
        (["--override", "kraken", "platinum", "2035-01-01", "x"], "'platinum' is no tier"),
        (["--override", "kraken", "gold", "soon", "x"], "'soon' is no day"),
    ],
)
def test_plan_that_cannot_be_meant_names_the_argument(run: Run, epoch: Epoch, words: list[str], complaint: str) -> None:
    ended = run("epoch", "plan", 15, *TIERS, *words, "--as", "alice")
    assert ended.code == 1
    assert complaint in ended.complaint
    assert not Plan.objects.exists()


def test_plan_is_named_by_enough_of_its_hash(run: Run, epoch: Epoch) -> None:
    run("epoch", "plan", 15, *TIERS, "--as", "alice")
    for start, complaint in (("abc", "at least 8 characters"), ("0" * 8, "no plan of Epoch 15 begin with")):
        ended = run("epoch", "approve", 15, "--plan", start, "--as", "alice")
        assert ended.code == 1
        assert complaint in ended.complaint


def test_stale_plan_ends_with_4_and_says_what_is_different(run: Run, epoch: Epoch) -> None:
    run("epoch", "plan", 15, *TIERS, "--as", "alice")
    run("epoch", "approve", 15, "--plan", plan_hash(epoch), "--acknowledge", "Read.", "--as", "alice")
    TierAssignment.objects.create(
        exchange=Exchange.objects.get(slug="kraken"),
        tier="bronze",
        reason="Meanwhile.",
        decided_by="HBOT holders",
        recorded_by="somebody",
        effective_from="2023-10-14",
    )

    ended = run("epoch", "apply", 15, "--plan", plan_hash(epoch), "--as", "alice")

    assert ended.code == 4
    assert len(ended.complaint.splitlines()) > 1
    assert not Changeset.objects.exists()


def test_what_if_compares_and_writes_nothing(run: Run, epoch: Epoch) -> None:
    run("epoch", "plan", 15, *TIERS, "--as", "alice")
    before = LedgerEntry.objects.count()
    ended = run("epoch", "what-if", 15, "--min-votes", "400,000")
    assert "Gate.io" in ended.out
    assert LedgerEntry.objects.count() == before
    assert run("epoch", "what-if", 15, "--policy", "no-such").code == 1


def test_policy_is_chosen_with_a_reason(run: Run, epoch: Epoch) -> None:
    assert run("epoch", "policy", 15, "hgp-45", "--reason", "The board asked.", "--as", "governor").code == 0
    epoch.refresh_from_db()
    assert (str(epoch.policy), epoch.policy_reason) == ("hgp-45 v1", "The board asked.")


def test_poll_is_taken_out(run: Run, epoch: Epoch) -> None:
    ended = run("epoch", "remove-poll", 15, "--poll", "cex", "--reason", "Another epoch's.", "--as", "governor")
    assert ended.code == 0
    assert not Poll.objects.exists()


def test_single_proposal_is_given_its_target(run: Run, tmp_path: Path) -> None:
    run("epoch", "create", 15, "--reason", "A proposal passed.", "--as", "alice")
    path = tmp_path / "proposal.json"
    path.write_bytes(snapshot_answer({"For": 6_000_000, "Against": 1_000}, type="basic"))
    run("epoch", "import", 15, "--group", "proposal", "--snapshot", path, "--as", "alice")

    ended = run(
        "epoch", "target", 15, "--poll", "proposal", "--subject", "kraken", "--action", "add", "--as", "governor"
    )

    assert (ended.code, ended.complaint) == (0, "")
    assert Poll.objects.get().target == Exchange.objects.get(slug="kraken").subject
    assert Epoch.objects.get().state == "mapped"


def test_state_is_exported_as_of_a_day_or_an_epoch(run: Run, epoch: Epoch) -> None:
    run("epoch", "plan", 15, *TIERS, "--effective-from", "2035-01-01", "--as", "alice")
    assert "is not applied: name a day" in run("epoch", "export", 15).complaint
    run("epoch", "approve", 15, "--plan", plan_hash(epoch), "--acknowledge", "Read.", "--as", "alice")
    run("epoch", "apply", 15, "--plan", plan_hash(epoch), "--as", "alice")

    assert '"tier":"gold"' not in run("epoch", "export", "--as-of", "2034-12-31").out.partition("upcoming")[0]
    assert '"tier":"gold"' in run("epoch", "export", 15).out
    assert run("epoch", "export", 15).out == run("epoch", "export", "--as-of", "2035-01-01").out


def test_programs_read_json(run: Run, epoch: Epoch) -> None:
    planned = json.loads(run("epoch", "plan", 15, *TIERS, "--json", "--as", "alice").out)
    assert planned["hash"] == plan_hash(epoch)
    assert planned["document"]["counts"]["entered"] == 3
    assert json.loads(run("epoch", "show", 15, "--json").out)["state"] == "planned"
    refused = run("epoch", "announce", 15, "--json", "--as", "viewer")
    assert refused.code == 3
    assert json.loads(refused.out)["refused"]["kind"] == "NotAllowed"


def test_ledger_is_shown_oldest_first(run: Run, epoch: Epoch) -> None:
    lines = run("ledger", "show", "--epoch", 15).out.splitlines()
    assert [line.partition(" UTC ")[2] for line in lines] == [
        "Created the epoch epoch 15 by alice: Polls have closed.",
        "Imported a poll epoch 15 by alice",
    ]
    assert run("ledger", "show", "--last", 1).out.startswith("2 ")
    shown: list[dict[str, Any]] = json.loads(run("ledger", "show", "--json").out)
    assert [entry["number"] for entry in shown] == [1, 2]
    assert VOTE_ID in shown[1]["after"]["snapshot_id"]


def test_ledger_that_was_tampered_with_is_found_and_ends_with_1(run: Run, epoch: Epoch) -> None:
    assert run("ledger", "verify").out.startswith("2 entries, every hash holds; head ")
    with connection.cursor() as cursor:
        for statement in unguard_statements(connection.vendor):
            cursor.execute(statement)
        cursor.execute("UPDATE registry_ledgerentry SET reason = 'Nothing happened.' WHERE number = 1")
        for statement in guard_statements(connection.vendor):
            cursor.execute(statement)

    ended = run("ledger", "verify")
    assert ended.code == 1
    assert "1" in ended.complaint
    assert json.loads(run("ledger", "verify", "--json").out)["breaks"] != []


def test_poll_is_fetched_by_its_id(run: Run, settings: Any) -> None:
    run("epoch", "create", 15, "--reason", "Polls have closed.", "--as", "alice")
    answer = json.loads(snapshot_answer(votes=len(VOTES)))
    answer["data"]["votes"] = [
        {"id": str(index), "voter": f"0x{index}", "created": 1759276900 + index, "choice": {str(index): 1}, "vp": votes}
        for index, votes in enumerate(VOTES.values(), start=1)
    ]
    with SnapshotHub() as hub:
        vote_id = hub.add(answer)
        settings.SNAPSHOT_URL = hub.url
        ended = run("epoch", "import", 15, "--group", "cex", "--fetch", vote_id, "--as", "alice")
    assert (ended.code, ended.complaint) == (0, "")
    assert Poll.objects.get().snapshot_id == vote_id
