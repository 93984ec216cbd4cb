"""Who acts, and what they may do: services ask this value, and never a request or a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.services.epochs.errors import NotAllowed

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin

IMPORT_POLL = "import_poll"
PLAN_EPOCH = "plan_epoch"
APPROVE_PLAN = "approve_plan"
APPLY_PLAN = "apply_plan"
ANNOUNCE_EPOCH = "announce_epoch"
PERMISSIONS = (IMPORT_POLL, PLAN_EPOCH, APPROVE_PLAN, APPLY_PLAN, ANNOUNCE_EPOCH)
"""Codenames on registry.Epoch."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A name for the ledger, and what its bearer may do, by permission codename."""

    name: str
    may: Callable[[str], bool]

    def must(self, permission: str, act: str) -> None:
        """Raises NotAllowed unless it may; *act* says what was tried, as in "import a poll"."""
        if not self.may(permission):
            who = self.name or "Nobody in particular"
            raise NotAllowed(
                f"{who} may not {act}: ask an administrator for the permission registry.{permission}.",
                permission=permission,
            )


CATALOGUE = Actor("catalogue", lambda permission: True)
"""The files that ship with the project: what they record was decided and checked before."""


def actor_for(user: AbstractBaseUser | AnonymousUser | PermissionsMixin) -> Actor:
    """The actor that a signed-in *user* is; one who is not signed in may nothing."""
    name = user.get_username() if hasattr(user, "get_username") else ""
    if name == CATALOGUE.name:
        raise NotAllowed(f"The name {name} is kept for the project's own files: sign in under another.")

    def may(permission: str) -> bool:
        return bool(user.is_authenticated and user.has_perm(f"registry.{permission}"))  # type: ignore[union-attr]

    return Actor(name, may)
