"""The registry's side of a comparison, fetched at once: what it knows, and where every exchange stood on any day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from registry.choices import EpochState
from registry.models import Epoch, Exchange
from registry.public.standing import Standing, standing_on
from registry.services.pages.places import Known, called, read_known


@dataclass(frozen=True, slots=True)
class Register:
    """What pages are held against, and beside it every exchange with its whole history."""

    known: Known
    exchanges: Mapping[str, Exchange]  # by slug, in the order of names
    applied_epochs: frozenset[int]

    def of_client_id(self, connector_id: str) -> str:
        """The slug of the exchange that the client means; "" where none or several are called so.

        The ids that the registry declares go first, then names without what the client adds to them. An entry that
        goes on under another name stands for that one.
        """
        found = self.known.ids.get(connector_id.casefold()) or called((connector_id,), self.known)
        successors = {self.successor(slug) for slug in found}
        return successors.pop() if len(successors) == 1 else ""

    def successor(self, slug: str) -> str:
        """The entry under which an exchange goes on, which is the one that votes are about; its own if it was not
        renamed."""
        seen = {slug}
        while (renamed_to := self.exchanges[slug].renamed_to) is not None and renamed_to.slug not in seen:
            if renamed_to.slug not in self.exchanges:  # it came while the rows were read
                break
            slug = renamed_to.slug
            seen.add(slug)
        return slug

    def standing(self, slug: str, day: date) -> Standing:
        return standing_on(self.exchanges[self.successor(slug)].tier_assignments.all(), day)


def read_register() -> Register:
    """In a fixed number of queries, however many exchanges."""
    known = read_known()
    rows = Exchange.objects.with_history().select_related("renamed_to")
    # What came since is a matter of the next look: a comparison needs both sides of each.
    exchanges = {
        one.slug: one for one in sorted(rows, key=lambda one: one.name.casefold()) if one.slug in known.entries
    }
    applied = Epoch.objects.filter(state__in=(EpochState.APPLIED, EpochState.ANNOUNCED)).values_list(
        "number", flat=True
    )
    return Register(known, exchanges, frozenset(applied))


def tier_since(standing: Standing) -> date | None:
    """The day from which the exchange has stood as it does, tier or none; None where nothing was ever decided.

    Later epochs may have confirmed it since. An override that ran out, or a decision that was taken back, is such a
    day as well.
    """
    ends = [day for row in standing.history for day in (row.effective_from, row.expires_on, row.withdrawn_on) if day]
    since = None
    for day in sorted({end for end in ends if end <= standing.day}, reverse=True):
        if _tier_on(standing, day) != standing.tier:
            break
        since = day
    return since


def _tier_on(standing: Standing, day: date) -> str:
    return next((row.tier for row in standing.history if row.holds_on(day)), "")
