"""What the environment says of a connector, under its id in capitals: KRAKEN_REST_URL, KRAKEN_API_KEY and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import is_address
from connectors.errors import UsageError
from connectors.types import Credentials, Partner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import Connector


def urls_of(connector: type[Connector], environ: Mapping[str, str]) -> dict[str, str]:
    """The addresses set for this connector, by role. Raises UsageError for one of another kind than its live one."""
    names = {role: f"{connector.id}_{role}_url".upper() for role in connector.live_urls}
    urls = {role: url for role, name in names.items() if (url := environ.get(name))}
    for role, url in urls.items():
        if not is_address(url, like=connector.live_urls[role]):
            raise UsageError(f"{names[role]} is not an address like {connector.live_urls[role]}")
    return urls


def credentials_of(connector_id: str, environ: Mapping[str, str]) -> Credentials | None:
    """None where neither key nor secret is given. Raises UsageError where only one of them is."""
    prefix = connector_id.upper()
    names = (f"{prefix}_API_KEY", f"{prefix}_API_SECRET")
    key, secret = (environ.get(name, "") for name in names)
    if not key and not secret:
        return None
    if not key or not secret:
        missing, present = names if not key else reversed(names)
        raise UsageError(f"{missing} is not set although {present} is")
    return Credentials(key, secret, environ.get(f"{prefix}_API_PASSPHRASE") or None)


def partner_of(connector_id: str, environ: Mapping[str, str]) -> Partner | None:
    """Whom the venue is to credit with its fee share; nobody unless all three are set. Raises UsageError for some."""
    names = [f"{connector_id.upper()}_PARTNER_{part}" for part in ("ID", "NAME", "KEY")]
    given = [environ.get(name, "") for name in names]
    if not any(given):
        return None
    if not all(given):
        missing = [name for name, value in zip(names, given, strict=True) if not value]
        raise UsageError(f"{' and '.join(missing)}: set all of {', '.join(names)}, or none")
    return Partner(*given)
