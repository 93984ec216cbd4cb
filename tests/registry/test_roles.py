"""The five roles: there after a migration, and each with its permissions alone."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db.models.signals import post_migrate

from registry.roles import APPS_WITH_ROLES, ROLES, set_up_roles

pytestmark = pytest.mark.django_db

ACTS = ("import_poll", "plan_epoch", "approve_plan", "apply_plan", "announce_epoch")


def codenames(role: str) -> set[str]:
    return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


def test_migration_makes_all_five_roles() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {"viewer", "editor", "governor", "approver", "auditor"}


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("viewer", set()),
        ("editor", set()),
        ("governor", {"import_poll", "plan_epoch"}),
        ("approver", {"approve_plan", "apply_plan", "announce_epoch"}),
        ("auditor", set()),
    ],
)
def test_each_role_may_take_its_own_steps_only(role: str, acts: set[str]) -> None:
    assert codenames(role) & set(ACTS) == acts


def test_editor_alone_edits_and_nobody_edits_what_governance_wrote() -> None:
    writing = {
        role.name: {name for name in codenames(role.name) if name.partition("_")[0] in {"add", "change", "delete"}}
        for role in ROLES
    }
    assert {name for name, found in writing.items() if found} == {"editor"}
    assert {name.partition("_")[2] for name in writing["editor"]} == {
        "alias",
        "bounty",
        "component",
        "exchange",
        "exchangelink",
        "maintainer",
        "maintenance",
        "proposal",
        "subject",
    }
    assert {name for name in writing["editor"] if name.startswith("delete")} == {
        "delete_alias",
        "delete_exchangelink",
        "delete_maintenance",
    }


def test_auditor_sees_all_there_is_and_a_viewer_not_the_ledger() -> None:
    every_view = set(
        Permission.objects.filter(
            content_type__app_label__in=APPS_WITH_ROLES, codename__startswith="view_"
        ).values_list("codename", flat=True)
    )
    assert codenames("auditor") == every_view
    assert "view_ledgerentry" in every_view
    assert {"view_ledgerentry", "view_pollevidence", "view_user"} & codenames("viewer") == set()
    assert {"view_epoch", "view_plan", "view_exchange", "view_result"} <= codenames("viewer")


def test_second_migration_changes_nothing_and_mends_what_was_changed_by_hand() -> None:
    before = {role.name: codenames(role.name) for role in ROLES}
    viewer = Group.objects.get(name="viewer")
    viewer.permissions.add(Permission.objects.get(codename="apply_plan"))
    viewer.permissions.remove(Permission.objects.get(codename="view_epoch"))

    call_command("migrate", verbosity=0)

    assert {role.name: codenames(role.name) for role in ROLES} == before


def test_permissions_of_other_apps_are_left_to_whoever_gave_them() -> None:
    viewer = Group.objects.get(name="viewer")
    given = Permission.objects.get(codename="view_session")
    viewer.permissions.add(given)
    for app in apps.get_app_configs():
        set_up_roles(app=app.label)
    assert given in viewer.permissions.all()


def test_every_role_has_its_line_in_the_documentation() -> None:
    text = (settings.BASE_DIR / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [role.name for role in ROLES if f"| {role.name} |" not in text] == []


@pytest.mark.django_db(transaction=True)
def test_roles_are_there_again_after_a_flush() -> None:
    Group.objects.all().delete()
    for app in apps.get_app_configs():
        post_migrate.send(sender=app, app_config=app, verbosity=0, interactive=False, using="default")
    assert codenames("governor") & set(ACTS) == {"import_poll", "plan_epoch"}
