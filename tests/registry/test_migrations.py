"""Migrations that carry rows over lose none of them, in either direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator

BEFORE = [("registry", "0003_append_only")]


def migrate_to(targets: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def latest(transactional_db: None) -> Iterator[list[tuple[str, str]]]:
    """The present state of all apps, which stands again afterwards whatever the test did."""
    targets = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield targets
    migrate_to(targets)


def test_each_exchange_keeps_its_maintainer(latest: list[tuple[str, str]]) -> None:
    old = migrate_to(BEFORE)
    foundation = old.get_model("registry", "Maintainer").objects.create(
        slug="foundation", name="F", kind="organisation"
    )
    exchanges = old.get_model("registry", "Exchange").objects
    exchanges.create(slug="kucoin", name="KuCoin", exchange_type="cex", market_type="clob", maintainer=foundation)
    exchanges.create(slug="kraken", name="Kraken", exchange_type="cex", market_type="clob")

    new = migrate_to(latest)
    rows = new.get_model("registry", "Maintenance").objects.values_list("exchange__slug", "maintainer__slug", "state")
    assert list(rows) == [("kucoin", "foundation", "active")]
    maintainer = new.get_model("registry", "Maintainer").objects.create(slug="second", name="S", kind="person")
    kucoin = new.get_model("registry", "Exchange").objects.get(slug="kucoin")
    new.get_model("registry", "Maintenance").objects.create(exchange=kucoin, maintainer=maintainer, state="active")

    back = migrate_to(BEFORE).get_model("registry", "Exchange").objects
    assert dict(back.values_list("slug", "maintainer__slug")) == {"kucoin": "foundation", "kraken": None}
