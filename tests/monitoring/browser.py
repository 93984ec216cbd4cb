"""A headless Chromium driven over its own DevTools protocol, as far as the page tests need it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWER_WITHIN_S = 20.0
_FLAGS = (
    "--headless",
    "--no-sandbox",  # CI containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
_KEYS = {"Tab": (9, ""), " ": (32, " "), "Enter": (13, "\r")}
"""The code of each key that the tests press, and the character that it types."""
_TROUBLE = ("Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed")


class Page:
    """One tab. *troubles* are console errors, refused or failed requests; *requests* every address asked for."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last_id = 0
        self._events: list[str] = []
        self._session: str | None = None
        self.troubles: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """What Chromium answers to one command; events that arrive meanwhile are noted."""
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while (answer := self._receive()).get("id") != self._last_id:
            pass
        assert "error" not in answer, answer["error"]
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str, *, width: int = 1280, scheme: str = "light") -> None:
        """Loads *url* on a screen that wide, in the light or the dark scheme, to the end."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._events.clear()
        self.send("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._events:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        code, text = _KEYS[key]
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text)

    def follow(self, act: Callable[[], None]) -> None:
        """Does what leads to another page, and waits until that one is loaded."""
        self._events.clear()
        act()
        while "Page.loadEventFired" not in self._events:
            self._receive()

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv(timeout=ANSWER_WITHIN_S))
        method, params = message.get("method", ""), message.get("params", {})
        self._events.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        if method in _TROUBLE or (method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning"}):
            self.troubles.append(json.dumps(params))
        return message


@contextmanager
def open_browser() -> Iterator[Page]:
    """A page in a browser of its own, which ends with it; without a browser the test is skipped."""
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="bellwether-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert process.stderr is not None
        try:
            said = iter(process.stderr.readline, "")
            address = next((line.split()[-1] for line in said if line.startswith("DevTools listening on ")), None)
            if address is None:
                pytest.skip(f"{program} does not start here")
            with connect(address, max_size=None, open_timeout=ANSWER_WITHIN_S) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            process.wait(timeout=ANSWER_WITHIN_S)
            process.stderr.close()
