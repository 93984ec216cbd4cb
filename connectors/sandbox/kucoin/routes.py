"""KuCoin's REST gateway: from a method and path to an endpoint, through keys, quotas and the envelope of answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.sandbox.kucoin.keys import MILLISECOND_NS, ApiKey, KucoinError, Permission
from connectors.sandbox.server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.keys import Keyring
    from connectors.sandbox.server import Clock, RestCall

QUOTA_WINDOW_MS = 30_000
RETRY_AFTER_MS = 2_000
PUBLIC, SPOT, FUTURES, MANAGEMENT = "public", "spot", "futures", "management"  # the pools that calls are paid from
NOT_FOUND = {"code": "404", "msg": "Not Found", "retry": False, "success": False}
NO_DEPTH_50 = {"code": "404", "msg": "not exist"}


@dataclass(frozen=True, slots=True)
class Request:
    """A call that reached an endpoint; `names` are the path's parts, `body` a POST's JSON."""

    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    signed_by: ApiKey | None

    @property
    def key(self) -> ApiKey:
        """The key of a private call."""
        assert self.signed_by is not None  # noqa: S101 - the gateway lets no unsigned call through to a private endpoint
        return self.signed_by

    def symbol(self) -> str:
        """The query's symbol. Raises KucoinError where there is none."""
        if not self.query.get("symbol"):
            raise KucoinError("400100", "symbol can not be empty")
        return self.query["symbol"]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `{name}` in *path* matches one part; *permission* None is public."""

    method: str
    path: str
    handler: Callable[[Request], Any]
    weight: int
    pool: str = PUBLIC
    permission: Permission | None = None
    is_counted: bool = True
    is_alive_in_maintenance: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        object.__setattr__(self, "pattern", re.compile(text))


class Quota:
    """A pool of calls, full again `QUOTA_WINDOW_MS` after the first call of a window."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._until_ms = 0

    def take(self, weight: int, now_ms: int) -> bool:
        """Pay *weight*; False where the pool is used up."""
        if now_ms >= self._until_ms:
            self._used, self._until_ms = 0, now_ms + QUOTA_WINDOW_MS
        self._used += weight
        return self._used <= self.limit

    def headers(self, now_ms: int) -> dict[str, str]:
        return quota_headers(self.limit, max(0, self.limit - self._used), max(0, self._until_ms - now_ms))


class Gateway:
    """Answers calls with the endpoints it is given."""

    def __init__(self, routes: Iterable[Route], keyring: Keyring, faults: Faults, clock: Clock, *, quota: int) -> None:
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[Route] = []
        for route in routes:
            if "{" in route.path:
                self._patterns.append(route)
            else:
                self._exact[route.method, route.path] = route
        self._keyring = keyring
        self._faults = faults
        self._clock = clock
        self._quota = quota
        self._quotas: dict[tuple[str, str], Quota] = {}

    def answer(self, call: RestCall) -> Answer:
        headers: dict[str, str] = {}
        try:
            route, names = self._find(call)
            if route is None:
                return Answer(msgspec.json.encode(NO_DEPTH_50 if "/level2/depth" in call.path else NOT_FOUND), 404)
            data = self._call(route, names, call, headers)
        except KucoinError as error:
            content = {"code": error.code, "msg": error.message}
            return Answer(msgspec.json.encode(content), error.status, headers)
        return Answer(msgspec.json.encode({"code": "200000", "data": data}), headers=headers)

    def _find(self, call: RestCall) -> tuple[Route | None, Mapping[str, str]]:
        route = self._exact.get((call.method, call.path))
        if route is not None:
            return route, {}
        for route in self._patterns:
            if route.method == call.method and (match := route.pattern.fullmatch(call.path)):
                return route, match.groupdict()
        return None, {}

    def _call(self, route: Route, names: Mapping[str, str], call: RestCall, headers: dict[str, str]) -> Any:
        now_ms = self._clock.true_ns() // MILLISECOND_NS
        if self._faults.is_on("rate_limit"):
            headers |= quota_headers(self._quota, 0, RETRY_AFTER_MS)
            raise KucoinError("429000", "Too Many Requests", 429)
        self._refuse_in_maintenance(route)
        key = self._keyring.authenticate(call) if route.permission is not None else None
        if route.is_counted:
            owner = call.remote if key is None else key.credentials.api_key
            quota = self._quotas.setdefault((route.pool, owner), Quota(self._quota))
            is_paid = quota.take(route.weight, now_ms)
            headers |= quota.headers(now_ms)
            if not is_paid:
                raise KucoinError("429000", "Too Many Requests", 429)
        if key is not None and route.permission is not None:
            key.require(route.permission)
        return route.handler(Request(names, call.query, _json_body(call), key))

    def _refuse_in_maintenance(self, route: Route) -> None:
        maintenance = self._faults.get("maintenance")
        if maintenance and maintenance["mode"] == "maintenance" and not route.is_alive_in_maintenance:
            raise KucoinError("503000", "Service unavailable", 503)


def quota_headers(limit: int, remaining: int, reset_ms: int) -> dict[str, str]:
    return {
        "gw-ratelimit-limit": str(limit),
        "gw-ratelimit-remaining": str(remaining),
        "gw-ratelimit-reset": str(reset_ms),
    }


def _json_body(call: RestCall) -> Mapping[str, Any]:
    """A POST's JSON object; nothing where there is no body. Raises KucoinError."""
    if not call.body:
        return {}
    if "json" not in call.headers.get("Content-Type", ""):
        raise KucoinError("415000", "Unsupported Media Type", 415)
    try:
        return msgspec.json.decode(call.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KucoinError("400100", "Bad Request", 400) from error
