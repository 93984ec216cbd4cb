"""The embedded broker: what one process sees while another writes."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from kombu import Connection, Exchange, Queue

import config.broker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("messages", "routes"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def work(folder: Path) -> Queue:
    """A queue with a name of its own: kombu remembers for the whole process what is bound."""
    return Queue(folder.name, Exchange(folder.name, type="direct"), routing_key="work")


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    config.broker.register()
    with Connection("folder://localhost", transport_options=options(folder)) as opened:
        yield opened


def options(folder: Path) -> dict[str, object]:
    messages = str(folder / "messages")
    return {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(folder / "routes"),
        "polling_interval": 0.001,
    }


def publish(connection: Connection, work: Queue, body: object) -> None:
    connection.Producer().publish(body, exchange=work.exchange, routing_key="work", declare=[work])


def test_messages_arrive_once_each_and_oldest_first(connection: Connection, folder: Path, work: Queue) -> None:
    for number in range(20):
        publish(connection, work, number)
    queue = connection.SimpleQueue(work)
    received = []
    for _ in range(20):
        message = queue.get(timeout=5)
        message.ack()
        received.append(message.payload)
    assert received == list(range(20))
    with pytest.raises(queue.Empty):
        queue.get(block=False)
    assert list((folder / "messages").iterdir()) == []


@pytest.mark.slow(reason="writes a message large enough to be caught half written")
def test_a_message_is_never_seen_before_it_is_whole(connection: Connection, folder: Path, work: Queue) -> None:
    publish(connection, work, "first")  # the routing table exists from here on
    writing = threading.Thread(target=publish, args=(connection, work, ["x" * 80] * 200_000))
    writing.start()
    seen = set()
    while writing.is_alive():
        for message in (folder / "messages").glob("*.msg"):
            if message not in seen:
                seen.add(message)
                json.loads(message.read_text(encoding="utf-8"))
    assert len(list((folder / "messages").glob("*.msg"))) == 2


def test_two_consumers_never_share_a_message(connection: Connection, folder: Path, work: Queue) -> None:
    for number in range(60):
        publish(connection, work, number)
    received: list[int] = []

    def consume() -> None:
        with Connection("folder://localhost", transport_options=options(folder)) as own:
            queue = own.SimpleQueue(work)
            while True:
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    return
                message.ack()
                received.append(message.payload)

    consumers = [threading.Thread(target=consume) for _ in range(2)]
    for consumer in consumers:
        consumer.start()
    for consumer in consumers:
        consumer.join()
    assert sorted(received) == list(range(60))


def test_the_routing_table_of_an_exchange_is_made_once(connection: Connection, folder: Path, work: Queue) -> None:
    publish(connection, work, "a")
    publish(connection, work, "b")
    (table,) = (folder / "routes").glob("*.exchange")
    assert [row[-1] for row in json.loads(table.read_text(encoding="utf-8"))] == [work.name]
