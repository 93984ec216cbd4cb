"""Two people import the tracker in one moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from registry.models import Bounty
from registry.services.bounties.report import TrackerReport
from registry.services.bounties.tracker import import_tracker
from tests.registry.bounties.factories import EDITOR
from tests.registry.importers.test_bounty_tracker import SHIPPED


@pytest.mark.slow("empties every table of the database afterwards")
@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_make_no_twins() -> None:
    together = Barrier(2, timeout=20)

    def run() -> TrackerReport:
        try:
            connection.ensure_connection()
            together.wait()
            return import_tracker(SHIPPED, origin="tracker.csv", actor=EDITOR)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        reports = [future.result() for future in [pool.submit(run), pool.submit(run)]]

    assert sorted((len(report.created), report.unchanged) for report in reports) == [(0, 136), (136, 0)]
    assert Bounty.objects.count() == 136
