"""What the tests of the public pages read."""

from tests.registry.public_record import loaded_record, record

__all__ = ["loaded_record", "record"]
