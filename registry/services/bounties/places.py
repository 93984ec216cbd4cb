"""Finds the exchange that the tracker means by a name, or says why there is none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from registry.choices import SubjectKind
from registry.governance.names import name_key
from registry.models import Alias, Exchange, Subject

SEVERAL = name_key("Multiple")
DOCUMENTATION = name_key("Docs")


class Unplaced(StrEnum):
    """Why a bounty stands on no exchange."""

    NOT_NAMED = "no connector is named"
    SEVERAL = "it is for several connectors, and does not say which"
    DOCUMENTATION = "it is for the documentation"
    CHAIN = "the name is a chain's, not an exchange's"
    UNKNOWN = "no exchange goes by that name: add it, or the name as an alias"
    AMBIGUOUS = "more than one exchange goes by that name"


@dataclass(frozen=True, slots=True)
class Places:
    """Every name that the registry knows, as names are compared."""

    exchanges: dict[str, set[Exchange]]
    chains: set[str]

    def find(self, name: str) -> Exchange | Unplaced:
        """The one exchange that is called so in any epoch: the tracker dates nothing.

        The tracker's column is called Connector: where a name is an exchange's and a chain's, the exchange is meant.
        """
        if not name:
            return Unplaced.NOT_NAMED
        key = name_key(name)
        found = self.exchanges.get(key, set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            return Unplaced.AMBIGUOUS
        if key == SEVERAL:
            return Unplaced.SEVERAL
        if key == DOCUMENTATION:
            return Unplaced.DOCUMENTATION
        return Unplaced.CHAIN if key in self.chains else Unplaced.UNKNOWN


def read_places() -> Places:
    """From names, slugs and aliases, in three queries."""
    exchanges: defaultdict[str, set[Exchange]] = defaultdict(set)
    chains: set[str] = set()
    for exchange in Exchange.objects.all():
        for name in (exchange.slug, exchange.name):
            exchanges[name_key(name)].add(exchange)
    for alias in Alias.objects.select_related("subject__exchange"):
        if alias.subject.exchange is not None:
            exchanges[name_key(alias.name)].add(alias.subject.exchange)
        elif alias.subject.kind == SubjectKind.CHAIN:
            chains.add(name_key(alias.name))
    for chain in Subject.objects.filter(kind=SubjectKind.CHAIN):
        chains |= {name_key(chain.slug), name_key(chain.name)}
    return Places(dict(exchanges), chains)
