"""Writes policies into the database, once each: what may have decided an epoch never changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry.errors import CatalogueRefused, Problem
from registry.governance.policy_schema import PolicyDocument
from registry.models import Policy
from registry.services.catalogue.sync import Loaded


def load_policies(policies: Sequence[PolicyDocument], directory: Path, loaded: Loaded) -> None:
    """Adds those that are new. Raises CatalogueRefused for one that was loaded before and reads differently now."""
    known = {(policy.slug, policy.version): policy for policy in Policy.objects.all()}
    problems = []
    for document in policies:
        stored = known.pop((document.slug, document.version), None)
        if stored is None:
            create_policy(document)
            loaded.changes.append(f"created policy {document.slug} v{document.version}")
        elif stored.sha256 != document.sha256:
            file = directory / "policies" / f"{document.slug}.v{document.version}.yaml"
            problems.append(Problem(file, 0, "", _changed(document)))
    if problems:
        raise CatalogueRefused(problems)
    loaded.left_alone += [f"policy {policy}: in no file" for policy in known.values()]


def _changed(document: PolicyDocument) -> str:
    return (
        f"{document.slug} v{document.version} was loaded before and reads differently now; what may have decided an "
        f"epoch never changes: restore it, and publish the new rules as version {document.version + 1}"
    )


def create_policy(document: PolicyDocument) -> Policy:
    """The row that a policy document becomes."""
    return Policy.objects.create(
        slug=document.slug,
        version=document.version,
        title=document.title,
        document=document.to_builtins(),
        sha256=document.sha256,
        from_epoch=document.from_epoch,
        to_epoch=document.to_epoch,
    )
