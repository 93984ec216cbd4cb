"""What every view for admins has in common: who may ask, how much they may send, and that nobody keeps the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ParseError
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated

from registry.api.public import PublicView
from registry.api.sign_in import SlowBasicAuthentication, refuse_other_sites
from registry.services.epochs import PERMISSIONS, actor_for
from registry.services.epochs.errors import NotAllowed

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.permissions import BasePermission
    from rest_framework.request import Request
    from rest_framework.response import Response

    from registry.services.epochs import Actor

VIEW_EPOCH = "view_epoch"
MAX_BODY_BYTES = 6 * 1024 * 1024
"""A poll's evidence, which is refused above five, and what is said beside it."""


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


def refuse_large(request: Request, limit: int) -> None:
    """By the length that the request states: without one, a server reads no body at all."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not (stated.isascii() and stated.isdigit()):
        raise ParseError(f"Content-Length: {stated!r} is no number of bytes.")
    if (length := int(stated[:20])) > limit:
        raise TooLarge(f"The body has {length:,} bytes, and more than {limit:,} are not read: send less.")


class AdminView(PublicView):
    """Signed in by HTTP Basic or by the session of the admin pages (then with its CSRF token)."""

    http_method_names = ["get", "post", "head", "options"]
    is_public_to_read = False

    @property
    def is_public(self) -> bool:
        return self.is_public_to_read and self.request.method in SAFE_METHODS

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self.is_public else [SlowBasicAuthentication(), SessionAuthentication()]

    def get_permissions(self) -> list[BasePermission]:
        return [] if self.is_public else [IsAuthenticated()]  # what exactly one may, the service asks

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_large(request, MAX_BODY_BYTES)
        if not self.is_public:
            refuse_other_sites(request)
            if request.method in SAFE_METHODS:  # of what is written, the services ask more exactly
                self._must_have_a_role()

    def _must_have_a_role(self) -> None:
        """Plans and polls that are not applied yet are for those who take part, or may look at epochs."""
        if not any(self.actor.may(permission) for permission in (VIEW_EPOCH, *PERMISSIONS)):
            name = self.actor.name
            message = f"{name} may not look at epochs: ask an administrator for the permission registry.{VIEW_EPOCH}."
            raise NotAllowed(message, permission=VIEW_EPOCH)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if not self.is_public:
            final["Cache-Control"] = "no-store"
            del final["Access-Control-Allow-Origin"]  # no other site's script has business here
        return final

    @property
    def actor(self) -> Actor:
        return actor_for(self.request.user)
