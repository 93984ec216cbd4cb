"""Processes that are killed in the middle of a service: python -m tests.registry.epochs.killed DATABASE

Each line that comes in is a step: "import", or the hash of the plan to apply. Each attempt at it is a process of its
own that kills itself right behind a write, the next one a write later; the last comes to the end, and is gone before
it could tell anyone. A line for each says which signal ended it (0: none), and what the next process finds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from itertools import count
from typing import NoReturn

import django
from django.conf import settings
from django.db import connection


def main(database: str) -> None:
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    for line in sys.stdin:
        kill_at_every_write(line.strip())


def kill_at_every_write(step: str) -> None:
    for writes in count():
        attempt = os.fork()
        if not attempt:
            take(step, writes)
        _, status = os.waitpid(attempt, 0)
        print(json.dumps([os.WTERMSIG(status), registry_digest()]), flush=True)
        connection.close()
        if not os.WIFSIGNALED(status):
            return


def take(step: str, writes: int) -> NoReturn:
    """Ends behind so many writes and one more, or without a word behind the commit."""
    from registry.services.epochs import apply_plan, import_poll  # needs Django set up
    from tests.registry.epochs.cut_off import CrashAfter
    from tests.registry.epochs.factories import ANN, BEN, CEX_VOTES, poll_of

    try:
        with connection.execute_wrapper(CrashAfter(writes, end=lambda: os.kill(os.getpid(), signal.SIGKILL))):
            if step == "import":
                import_poll(6, poll_of(CEX_VOTES), actor=ANN)
            else:
                apply_plan(step, actor=BEN)
        os._exit(0)
    finally:
        os._exit(1)


def registry_digest() -> str:
    """Over every row."""
    from tests.registry.epochs.cut_off import everything  # needs Django set up

    return hashlib.sha256(repr(everything()).encode()).hexdigest()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    finally:
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
