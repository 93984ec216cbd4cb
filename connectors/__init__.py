"""Connectors to exchanges: typed async Python with no web framework in it."""
