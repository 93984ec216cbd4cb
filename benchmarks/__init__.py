"""Measurements against peers, always in one run, since machines differ and drift: quote the ratios."""
