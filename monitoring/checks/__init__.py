"""The live checks: one module per kind, each observes and then judges; no database in here."""
