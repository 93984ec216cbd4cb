"""A load of the history is all or nothing, and refuses what does not fit with the remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection

from registry.models import Epoch
from registry.services.catalogue import CATALOGUE_DIR, load_catalogue
from registry.services.epochs.actors import CATALOGUE
from registry.services.epochs.create import create_epoch
from registry.services.history import HistoryRefused, load_history
from tests.registry.history.rows import TABLES, command, everything
from tests.registry.test_catalogue_files import replace

pytestmark = pytest.mark.django_db


def test_dry_run_says_what_would_change_and_writes_nothing(catalogue: None, two_epochs: Path) -> None:
    lines = command("--dry-run", "--through", "3", "--path", two_epochs)

    assert everything() == [[] for _ in TABLES]
    assert lines[-1] == "dry run: nothing was written"
    assert any(line.startswith("applied Epoch 3 from 2023-01-13: ") for line in lines)


def test_load_that_fails_in_the_database_leaves_no_half(catalogue: None, two_epochs: Path) -> None:
    def full_disk(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "registry_tierassignment"'):
            raise OperationalError("disk full")
        return execute(sql, *rest)

    with connection.execute_wrapper(full_disk), pytest.raises(OperationalError, match="disk full"):
        load_history(through=3, directory=two_epochs)

    assert everything() == [[] for _ in TABLES]


def test_history_without_a_catalogue_is_refused_with_the_remedy() -> None:
    with pytest.raises(CommandError, match="run catalogue apply first\nnothing was loaded"):
        command()


def test_epoch_that_is_not_in_the_record_is_refused(catalogue: None) -> None:
    with pytest.raises(CommandError, match="there is no epoch 14 in the record: name one of 0 to 13"):
        command("--through", "14")


def test_epoch_of_ones_own_is_not_written_over(catalogue: None, two_epochs: Path) -> None:
    create_epoch(4, actor=CATALOGUE, reason="a try")

    with pytest.raises(HistoryRefused, match="Epoch 4 was created here and is no part of the record"):
        load_history(through=0, directory=two_epochs)

    assert [epoch.number for epoch in Epoch.objects.all()] == [4]


def test_record_that_was_changed_after_a_load_is_refused(catalogue: None, two_epochs: Path) -> None:
    load_history(through=0, directory=two_epochs)
    replace(two_epochs / "history" / "epoch-04.yaml", "voters: 31", "voters: 32")

    with pytest.raises(HistoryRefused, match="Epoch 4 CEX connectors: the record reads differently"):
        load_history(through=0, directory=two_epochs)


def test_name_that_stands_for_nothing_is_refused_with_the_remedy(two_epochs: Path) -> None:
    replace(
        two_epochs / "subjects.yaml",
        "  - kind: exchange\n    slug: hotbit\n    name: Hotbit\n    exchange_type: cex\n    aliases:\n"
        "      - {name: Hotbit, from_epoch: 4}\n",
        "",
    )
    load_catalogue(two_epochs)

    with pytest.raises(HistoryRefused, match="no exchange goes by Hotbit in this epoch; add the spelling to subjects"):
        load_history(directory=two_epochs)


def test_two_names_of_one_poll_for_one_subject_are_refused(two_epochs: Path) -> None:
    subjects = two_epochs / "subjects.yaml"
    hotbit = "    slug: hotbit\n    name: Hotbit\n    exchange_type: cex\n    aliases:\n"
    replace(subjects, f"  - kind: exchange\n{hotbit}      - {{name: Hotbit, from_epoch: 4}}\n", "")
    replace(
        subjects, "      - {name: HTX, from_epoch: 9}\n", "      - {name: HTX, from_epoch: 9}\n      - {name: Hotbit}\n"
    )
    load_catalogue(two_epochs)

    with pytest.raises(HistoryRefused, match="Huobi and Hotbit both stand for HTX; part their periods"):
        load_history(directory=two_epochs)


def test_command_tells_every_fault_of_the_record(catalogue_copy: Path) -> None:
    line = replace(catalogue_copy / "history" / "epoch-12.yaml", "label: Q2 2025", "labl: Q2 2025")

    with pytest.raises(CommandError) as refused:
        command("--path", catalogue_copy)

    path = catalogue_copy / "history" / "epoch-12.yaml"
    assert str(refused.value) == (
        f"{path}:4: label: missing\n"
        f"{path}:{line}: labl: unknown key; did you mean 'label'?\n"
        "the record was refused; nothing was loaded"
    )


def test_report_lists_contradictions_and_needs_no_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        lines = command("--report")

    assert "epoch 10 amm: passed_and_failed: Plenty stands in both the passed and the failed list." in lines
    assert lines[-1] == f"{len(lines) - 1} contradictions in the record; it is kept as printed"


def test_catalogue_has_a_history_folder_of_its_own(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(CATALOGUE_DIR, tmp_path / "catalogue"))
    shutil.rmtree(copy / "history")
    load_catalogue(copy)

    with pytest.raises(Exception, match="there is no record of epochs"):
        load_history(directory=copy)
