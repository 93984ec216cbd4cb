"""Is it healthy, since when, why, and who should know."""
