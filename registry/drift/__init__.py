"""Where words differ: what the registry says, held against the documentation's pages and the client's own list."""
