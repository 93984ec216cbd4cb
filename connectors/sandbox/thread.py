"""A sandbox in a thread of its own, for callers that are not asynchronous themselves."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from connectors.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from connectors.sandbox.faults import Faults
    from connectors.types import Credentials

ServerT = TypeVar("ServerT", bound=SandboxServer)


class SandboxThread(Generic[ServerT]):
    """Runs the sandbox that *make* builds while the `with` block lasts: `SandboxThread(lambda: KrakenSandbox(seed=7))`.

    `faults` may be switched from any thread. Whatever start-up raised (OSError: the port is taken) is raised on entry.
    """

    def __init__(self, make: Callable[[], ServerT]) -> None:
        self._make = make
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="sandbox", daemon=True)
        self._is_ready = threading.Event()
        self._error: BaseException | None = None

    @property
    def urls(self) -> dict[str, str]:
        return self.sandbox.urls

    @property
    def faults(self) -> Faults:
        return self.sandbox.faults

    @property
    def credentials(self) -> Credentials:
        return self.sandbox.credentials

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            self.sandbox = self._make()
            await self.sandbox.start()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            self._error = error
            return
        finally:
            self._is_ready.set()
        await self._stop.wait()
        await self.sandbox.stop()
