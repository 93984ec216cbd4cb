"""`manage.py import_bounties` imports as somebody, and prints what became of each line."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command

from registry.models import Bounty
from tests.registry.importers.test_bounty_tracker import as_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(db: None) -> User:
    anna = User.objects.create_user("anna")
    anna.user_permissions.set(Permission.objects.filter(codename__in=["add_bounty", "change_bounty"]))
    return anna


def command(*args: object) -> list[str]:
    out = StringIO()
    call_command("import_bounties", *map(str, args), stdout=out)
    return out.getvalue().splitlines()


def test_file_is_imported_and_each_line_is_told_of(anna: User, tmp_path: Path) -> None:
    path = tmp_path / "tracker.csv"
    path.write_bytes(as_csv({}, {}, {"Connector": "Docs", "Bounty ID": "12"}, {"Type": "Bug", "Bounty ID": "13"}))

    assert command(path, "--as", "anna") == [
        "created line 2: 6974: 136,000 HBOT, Bug: P2, Paid",
        "created line 4: 12: 136,000 HBOT, Bug: P2, Paid",
        "repeated line 3: 6974: says what line 2 says",
        "not placed: line 2: 6974: Kucoin: no exchange goes by that name: add it, or the name as an alias",
        "not placed: line 4: 12: Docs: it is for the documentation",
        "note: line 4: 12: the id is not the number of the issue that it links, 6974",
        "not read: line 5: Type: “Bug” is none of Bug: P2, Bug: P3, Enhancement: P1, Enhancement: P2, Enhancement: P3, "
        "Improvement, Refactor, Refactor: P2, New connector, Connector upgrade, New strategy or script, Content, "
        "Research",
        "tracker.csv: 4 lines: 2 created, 0 changed, 0 unchanged, 1 repeated, 0 in conflict, 1 not read; "
        "1 on no exchange: it is for the documentation; "
        "1 on no exchange: no exchange goes by that name: add it, or the name as an alias",
    ]
    assert Bounty.objects.count() == 2


def test_dry_run_of_the_shipped_tracker_writes_nothing(anna: User) -> None:
    lines = command("--shipped", "--dry-run", "--as", "anna")

    assert lines[-1] == "dry run: nothing was written"
    assert lines[-2].startswith("bounty-tracker.csv: 139 lines: 136 created, 0 changed, 0 unchanged, 3 repeated,")
    assert Bounty.objects.count() == 0


def test_refusals_say_what_to_do(anna: User, tmp_path: Path) -> None:
    path = tmp_path / "tracker.csv"
    path.write_text("a,b\n")
    User.objects.create_user("guest")

    with pytest.raises(CommandError, match=r"tracker\.csv: Unknown column “a”") as refused:
        command(path, "--as", "anna")
    assert str(refused.value).endswith("nothing was imported")
    with pytest.raises(CommandError, match="guest may not import the bounty tracker"):
        command("--shipped", "--as", "guest")
    with pytest.raises(CommandError, match="there is no user nobody"):
        command("--shipped", "--as", "nobody")
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        command(tmp_path / "none.csv", "--as", "anna")
    with pytest.raises(CommandError, match="one of the arguments FILE --shipped is required"):
        command("--as", "anna")
    assert Bounty.objects.count() == 0
