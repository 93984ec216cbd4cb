"""Who may do what, and that one act waits for another."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import transaction

from registry.services.epochs import CATALOGUE, PERMISSIONS, NotAllowed, actor_for, governance_lock


def test_a_user_may_what_their_permissions_say(db):
    user = User.objects.create_user("ann")
    user.user_permissions.add(Permission.objects.get(codename="plan_epoch"))
    actor = actor_for(User.objects.get(pk=user.pk))
    assert actor.name == "ann"
    assert [permission for permission in PERMISSIONS if actor.may(permission)] == ["plan_epoch"]


def test_one_who_may_not_is_told_which_permission_to_ask_for(db):
    actor = actor_for(User.objects.create_user("ann"))
    with pytest.raises(NotAllowed, match=r"ann may not plan an epoch: .* registry\.plan_epoch"):
        actor.must("plan_epoch", "plan an epoch")


def test_one_who_is_not_signed_in_or_not_active_may_nothing(db):
    gone = User.objects.create_superuser("gone", is_active=False)
    assert not any(actor_for(AnonymousUser()).may(permission) for permission in PERMISSIONS)
    assert not any(actor_for(gone).may(permission) for permission in PERMISSIONS)


def test_nobody_signs_in_as_the_catalogue(db):
    with pytest.raises(NotAllowed, match="kept for the project's own files"):
        actor_for(User.objects.create_superuser("catalogue"))
    assert all(CATALOGUE.may(permission) for permission in PERMISSIONS)


def test_the_lock_needs_a_transaction(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        governance_lock()
    with transaction.atomic():
        governance_lock()
        governance_lock()  # a step within a step does not wait for itself
