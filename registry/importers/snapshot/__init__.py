"""Polls as Snapshot's GraphQL interface answers them, from a saved file or fetched.

Facts that decide the design: snapshot-labs/snapshot-hub:src/graphql/helpers.ts and src/helpers/rateLimit.ts (limits),
snapshot-labs/snapshot.js:src/voting (how votes count, choice indexes from 1), read 2026-11.
"""

from registry.importers.snapshot.fetch import SnapshotUnavailable, fetch_snapshot
from registry.importers.snapshot.read import read_snapshot

__all__ = ["SnapshotUnavailable", "fetch_snapshot", "read_snapshot"]
