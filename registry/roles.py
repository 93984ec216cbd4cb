"""Who may do what: five groups, made with every migrate, so that an installation has them from its first day.

A role's permissions are what stands here and nothing else; whoever needs another mix makes a group of their own. A
user has to be staff to get into the admin pages at all, and may have several roles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps

APPS_WITH_ROLES = frozenset({"registry", "monitoring", "auth", "admin"})
_KEPT_FROM_VIEWERS = frozenset({"ledgerentry", "outboxmessage", "pollevidence"})
_EDITABLE = frozenset(
    {"alias", "bounty", "component", "exchange", "exchangelink", "maintainer", "maintenance", "proposal", "subject"}
)
# What hangs on the other rows, checks and decisions among it, would go with them or keep them.
_DELETABLE = frozenset({"alias", "exchangelink", "maintenance"})


def _viewed(app: str, codename: str) -> bool:
    verb, _, model = codename.partition("_")
    return app in {"registry", "monitoring"} and verb == "view" and model not in _KEPT_FROM_VIEWERS


def _edited(app: str, codename: str) -> bool:
    verb, _, model = codename.partition("_")
    edits = (verb in {"add", "change"} and model in _EDITABLE) or (verb == "delete" and model in _DELETABLE)
    return _viewed(app, codename) or (app == "registry" and edits)


def _governs(*acts: str) -> Callable[[str, str], bool]:
    """Those *acts* upon epochs, and a look at what they rest on and what they send out."""
    evidence = {"view_pollevidence", "view_outboxmessage"}
    return lambda app, codename: _viewed(app, codename) or (app == "registry" and codename in {*acts, *evidence})


def _audited(app: str, codename: str) -> bool:
    return codename.startswith("view_")


@dataclass(frozen=True, slots=True)
class Role:
    """A group's name, what it is for, and whether it has the permission *codename* of *app*."""

    name: str
    purpose: str
    has: Callable[[str, str], bool]


ROLES = (
    Role("viewer", "looks at everything but the ledger, the raw polls and the outbox", _viewed),
    Role("editor", "corrects exchanges, components, names, proposals and bounties", _edited),
    Role("governor", "creates epochs, imports and maps polls, makes plans", _governs("import_poll", "plan_epoch")),
    Role(
        "approver",
        "approves plans, applies and announces them",
        _governs("approve_plan", "apply_plan", "announce_epoch"),
    ),
    Role("auditor", "looks at everything, the ledger and the users included", _audited),
)


def set_up_roles(*, app: str, using: str = "default", apps: Apps = installed_apps) -> None:
    """Makes the groups, and gives each exactly its permissions of *app*; a second time changes nothing."""
    if app not in APPS_WITH_ROLES:
        return
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:  # a partial migration, before the one that makes them
        return
    offered = dict(permissions.filter(content_type__app_label=app).values_list("pk", "codename"))
    for role in ROLES:
        group, _ = groups.get_or_create(name=role.name)
        wanted = {pk for pk, codename in offered.items() if role.has(app, codename)}
        held = set(group.permissions.using(using).filter(pk__in=offered).values_list("pk", flat=True))
        group.permissions.remove(*held - wanted)
        group.permissions.add(*wanted - held)


def set_up_roles_after_migrate(sender: Any, using: str, apps: Apps = installed_apps, **kwargs: Any) -> None:
    """The receiver of post_migrate, which calls it for every app once its permissions are there.

    `manage.py flush` sends the signal too, and then names no apps.
    """
    set_up_roles(app=sender.label, using=using, apps=apps)
