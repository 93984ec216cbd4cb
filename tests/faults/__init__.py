"""The proof that every fault is told apart: each one switched on for every connector, and every kind of check asked."""
