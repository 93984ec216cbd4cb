"""Composition root: settings, URLs, Celery, ASGI, logs and the launcher; the only package that names all the others."""

from config.celery import app as celery_app  # a shared task belongs to this app in every process that loads settings

__all__ = ["celery_app"]
