"""The task queue: the embedded broker is a folder; CELERY_BROKER_URL names a real one."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from config.broker import register

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

register()
app = Celery("bellwether")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_the_logging_of_django(**_: Any) -> None:
    """Celery sets up no logging of its own where somebody answers this signal: settings.LOGGING stays in force."""
