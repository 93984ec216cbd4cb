"""Decimals that keep every digit on every database: SQLite would make a float of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    DecimalFieldBase = models.DecimalField[Any, Any]
else:
    DecimalFieldBase = models.DecimalField


class ExactDecimalField(DecimalFieldBase):
    """A DecimalField that SQLite keeps as text. It compares in Python, not in SQL: there, text sorts as text."""

    def get_internal_type(self) -> str:
        return "ExactDecimalField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "text" if connection.vendor == "sqlite" else f"numeric({self.max_digits}, {self.decimal_places})"

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Decimal | None:
        return None if value is None else Decimal(value)
