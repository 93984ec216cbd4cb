"""Nonces under concurrency of every kind: coroutines, threads, processes, and processes that die."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.errors import UsageError
from connectors.nonce import NonceFile, clock_ms, nonce_directory

KEY = "a-made-up-api-key"
ROOT = Path(__file__).parents[2]

# Each line is written while the lock is held, so their order in the log is the order of the lock.
TAKE_MANY = """
import asyncio, os, sys
from pathlib import Path
from connectors.nonce import NonceFile

async def main(directory, log, count):
    for _ in range(count):
        async with NonceFile("a-made-up-api-key", directory) as nonce:
            os.write(log, b"%d %d\\n" % (nonce, os.getpid()))

log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
print("ready", flush=True)
sys.stdin.read()
asyncio.run(main(Path(sys.argv[1]), log, int(sys.argv[3])))
"""

HOLD_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from connectors.nonce import NonceFile

async def main(directory):
    async with NonceFile("a-made-up-api-key", directory) as nonce:
        print(nonce, flush=True)
        sys.stdin.read()

asyncio.run(main(Path(sys.argv[1])))
"""


async def take(directory: Path, now_ms: int | None = None) -> int:
    nonces = NonceFile(KEY, directory) if now_ms is None else NonceFile(KEY, directory, now_ms=lambda: now_ms)
    async with nonces as nonce:
        return nonce


async def test_first_nonce_is_the_clock_in_milliseconds(tmp_path: Path) -> None:
    before = clock_ms()
    nonce = await take(tmp_path)

    assert before <= nonce <= clock_ms()
    assert len(str(nonce)) == 13


async def test_two_within_one_millisecond_still_rise(tmp_path: Path) -> None:
    assert [await take(tmp_path, 1_700_000_000_000) for _ in range(3)] == [
        1_700_000_000_000,
        1_700_000_000_001,
        1_700_000_000_002,
    ]


async def test_clock_set_back_by_an_hour_still_rises(tmp_path: Path) -> None:
    first = await take(tmp_path, 1_700_000_000_000)
    second = await take(tmp_path, 1_700_000_000_000 - 3_600_000)

    assert (first, second) == (1_700_000_000_000, 1_700_000_000_001)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 21, b"17000x", b"\xff\xfe", b"-5", b"9" * 20, b"9" * 5000, b"%d" % (2**64 - 1), b"12 34"],
)
async def test_unreadable_content_starts_from_the_clock(tmp_path: Path, content: bytes) -> None:
    nonces = NonceFile(KEY, tmp_path)
    nonces.path.write_bytes(content)

    assert await take(tmp_path, 1_700_000_000_000) == 1_700_000_000_000
    assert await take(tmp_path, 1_600_000_000_000) == 1_700_000_000_001


@pytest.mark.parametrize("content", [b"1800000000000", b"1800000000000\n", b"00000001800000000000\n"])
async def test_readable_content_is_never_undercut(tmp_path: Path, content: bytes) -> None:
    NonceFile(KEY, tmp_path).path.write_bytes(content)

    assert await take(tmp_path, 1_700_000_000_000) == 1_800_000_000_001


async def test_keys_do_not_share_a_file_nor_appear_in_its_name(tmp_path: Path) -> None:
    async with NonceFile(KEY, tmp_path, now_ms=lambda: 5), NonceFile("other", tmp_path, now_ms=lambda: 5) as other:
        assert other == 5

    assert sorted(os.listdir(tmp_path)) == sorted(hashlib.sha256(key).hexdigest() for key in (KEY.encode(), b"other"))


async def test_folder_and_file_are_for_the_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "state" / "nonces"
    await take(directory)

    assert directory.stat().st_mode & 0o777 == 0o700
    assert NonceFile(KEY, directory).path.stat().st_mode & 0o777 == 0o600


async def test_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="BELLWETHER_NONCE_DIR") as refusal:
        await take(tmp_path / "file" / "nonces")

    assert str(tmp_path / "file" / "nonces") in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELLWETHER_NONCE_DIR", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/trader")
    assert nonce_directory() == Path("/home/trader/.local/state/bellwether/nonces")

    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert nonce_directory() == Path("/state/bellwether/nonces")

    monkeypatch.setenv("BELLWETHER_NONCE_DIR", "/nonces")
    assert nonce_directory() == Path("/nonces")
    assert NonceFile(KEY).path.parent == Path("/nonces")


async def test_coroutines_sharing_one_object_hold_it_one_at_a_time(tmp_path: Path) -> None:
    nonces = NonceFile(KEY, tmp_path)
    taken: list[int] = []
    inside = 0

    async def request() -> None:
        nonlocal inside
        async with nonces as nonce:
            inside += 1
            assert inside == 1
            taken.append(nonce)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(request() for _ in range(20)))

    assert len(taken) == 20
    assert taken == sorted(set(taken))


def test_threads_sharing_one_object_hold_it_one_at_a_time(tmp_path: Path) -> None:
    nonces = NonceFile(KEY, tmp_path)
    taken: list[int] = []

    async def request() -> None:
        for _ in range(20):
            async with nonces as nonce:
                taken.append(nonce)
                await asyncio.sleep(0)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(asyncio.run, request()) for _ in range(4)]:
            done.result()

    assert len(taken) == 80
    assert taken == sorted(set(taken))


@pytest.mark.slow  # starts four interpreters: the promise is between processes
def test_processes_take_unique_nonces_in_the_order_of_the_lock(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", TAKE_MANY, str(tmp_path / "nonces"), str(log), "50"]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        assert [process.wait(timeout=30) for process in processes] == [0, 0, 0, 0]
    lines = [line.split() for line in log.read_text().splitlines()]
    taken = [int(nonce) for nonce, _ in lines]
    assert len(taken) == 200
    assert taken == sorted(set(taken))
    assert {int(holder) for _, holder in lines} == {process.pid for process in processes}


async def test_lock_of_a_killed_process_is_free_and_its_nonce_stays_used(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD_FOR_EVER, str(tmp_path)]
    holder = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    held = int(await holder.stdout.readline())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await take(tmp_path)
    holder.kill()
    await holder.wait()

    async with asyncio.timeout(5):
        assert await take(tmp_path, 1_600_000_000_000) == held + 1


async def test_cancelled_waiter_leaves_nothing_open_and_takes_no_nonce(tmp_path: Path) -> None:
    async with NonceFile(KEY, tmp_path, now_ms=lambda: 5):
        open_files = len(os.listdir("/dev/fd"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await take(tmp_path, 5)
        assert len(os.listdir("/dev/fd")) == open_files

    assert await take(tmp_path, 5) == 6


async def test_child_forked_during_a_request_does_not_keep_the_lock(tmp_path: Path) -> None:
    nonces = NonceFile(KEY, tmp_path)
    async with nonces:
        inherited = os.dup(nonces._descriptor)  # the same open file, as a forked child has it

    async with asyncio.timeout(5):
        await take(tmp_path)
    os.close(inherited)


async def test_failed_request_releases_the_lock_and_keeps_its_nonce_used(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="refused"):
        async with NonceFile(KEY, tmp_path, now_ms=lambda: 5):
            raise RuntimeError("refused")

    assert await take(tmp_path, 5) == 6


def test_a_user_without_a_home_is_told_which_setting_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("BELLWETHER_NONCE_DIR", raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    with pytest.raises(UsageError, match="set BELLWETHER_NONCE_DIR"):
        nonce_directory()
