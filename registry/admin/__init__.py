"""The registry for its admins: facts can be edited with a reason, decisions only read, epochs taken along their way."""

from registry.admin import epochs, exchanges, names, proposals, records, votes

__all__ = ["epochs", "exchanges", "names", "proposals", "records", "votes"]
