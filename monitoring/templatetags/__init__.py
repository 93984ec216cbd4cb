"""Template tags of the status pages."""
