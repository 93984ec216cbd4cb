"""The embedded broker: kombu's folder of messages, made safe for several processes at once."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """A file appears under its final name only when it is whole.

    kombu 5.7 writes messages and routing tables in place, so that another process can read an empty file: with three
    publishers and two consumers about one message in three thousand was lost to a JSONDecodeError.
    """

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]  # kombu has both names
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"  # sorts by age, also across reboots
        _write_whole(Path(self.data_folder_out) / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The oldest message of *queue*; the rename decides which of several consumers has it.

        It never waits, whatever *timeout* says: the transport polls. Raises Empty.
        """
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f"{name}.taken"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue
            text = taken.read_text(encoding="utf-8")
            taken.unlink()
            return loads(text)
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None) -> None:
        table = self.control_folder / f"{exchange}.exchange"
        with (table.parent / "creation.lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not table.exists():
                _write_whole(table, [])
        super()._queue_bind(exchange, routing_key or "", pattern or "", queue or "")


class Transport(filesystem.Transport):
    """What CELERY_BROKER_URL names as `folder://`."""

    Channel = Channel


def register() -> None:
    """Makes `folder://` a broker URL that kombu understands."""
    TRANSPORT_ALIASES["folder"] = "config.broker:Transport"


def _write_whole(path: Path, content: Any) -> None:
    part = path.with_name(f"{uuid.uuid4()}.part")
    part.write_text(dumps(content), encoding="utf-8")
    part.replace(path)
