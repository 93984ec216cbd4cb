"""Signing in to the API by HTTP Basic: guesses are slowed down, and other sites cannot use what a browser keeps."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from rest_framework.authentication import BasicAuthentication, CSRFCheck
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class FailedSignIns(SimpleRateThrottle):
    """Counts wrong passwords by user name and peer address, in Django's cache: by default that of one process.

    The peer is the one the server names, never X-Forwarded-For, which a client may make up. Behind a proxy that the
    server is not told to trust all clients look alike; the name in the key keeps one of them from shutting all out.
    """

    scope = "failed-sign-ins"
    rate = "10/min"

    def __init__(self, userid: str) -> None:
        self.userid = userid
        super().__init__()

    def get_cache_key(self, request: Request, view: APIView | None) -> str:
        peer = request.META.get("REMOTE_ADDR", "")
        who = sha256(f"{peer} {self.userid.casefold()}".encode("utf-8", "replace")).hexdigest()
        return f"throttle_{self.scope}_{who}"

    def throttle_success(self) -> bool:
        """Asking costs nothing: `count` is called where the password was wrong."""
        return True

    def count(self) -> None:
        super().throttle_success()


class SlowBasicAuthentication(BasicAuthentication):
    """After ten wrong passwords within a minute none is looked at, right or wrong, until the minute is over."""

    def authenticate_credentials(self, userid: str, password: str, request: Any = None) -> Any:
        sign_ins = FailedSignIns(userid)
        if not sign_ins.allow_request(request, None):  # type: ignore[arg-type]  # no view is asked
            raise Throttled(wait=sign_ins.wait())
        if "\0" in userid:  # PostgreSQL refuses to be asked for one
            raise AuthenticationFailed("Invalid username/password.")
        try:
            return super().authenticate_credentials(userid, password, request)
        except AuthenticationFailed:
            sign_ins.count()
            raise


def refuse_other_sites(request: Request) -> None:
    """Browsers send HTTP Basic along by themselves, also with what another site makes them post: Origin tells.

    Programs send none. Raises PermissionDenied.
    """
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None or request.method in SAFE_METHODS:
        return
    check = CSRFCheck(lambda asked: HttpResponse())
    if not check._origin_verified(request):  # type: ignore[attr-defined]  # it has no public name
        raise PermissionDenied(f"This request comes from {origin}: if that is ours, add it to the trusted origins.")
