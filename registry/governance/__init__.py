"""Governance as pure functions over values: policies, poll results, names. No model, no database, no clock."""
