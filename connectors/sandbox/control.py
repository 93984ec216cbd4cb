"""The control endpoint of every sandbox: `/_sandbox/faults` lists and switches faults while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from connectors.errors import UsageError
from connectors.sandbox.faults import UnknownFault

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults

PREFIX = "/_sandbox"
FAULTS = f"{PREFIX}/faults"


async def answer(request: web.Request, faults: Faults) -> web.Response:
    """GET, DELETE of the list; PUT (with parameters as a JSON object, or nothing), DELETE of one fault."""
    name = request.path.removeprefix(FAULTS).strip("/")
    if not request.path.startswith(FAULTS) or "/" in name:
        return _json({"error": f"nothing at {request.path}: try {FAULTS}"}, 404)
    try:
        if request.method == "PUT" and name:
            faults.switch_on(name, **_parameters(await request.read()))
        elif request.method == "DELETE" and name:
            faults.switch_off(name)
        elif request.method == "DELETE":
            faults.clear()
        elif request.method != "GET" or name:
            return _json({"error": f"{request.method} does not apply here: GET, PUT or DELETE {FAULTS}[/NAME]"}, 405)
    except UnknownFault as error:
        return _json({"error": str(error)}, 404)
    except UsageError as error:
        return _json({"error": str(error)}, 400)
    return _json({"faults": faults.describe()}, 200)


def _parameters(body: bytes) -> dict[str, str | int | float | bool]:
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, str | int | float | bool])
    except msgspec.DecodeError as error:
        raise UsageError(f"parameters are one JSON object of plain values: {error}") from error


def _json(content: object, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")
