"""From an exception to outcome, cause and a first guess at the blame: one table over the connectors' error tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connectors import errors
from monitoring.checks.outcomes import SUCCEEDS, Blame, Cause, Condition, Confidence, Outcome, on_one_line

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Reading:
    """What one class of error says about a check."""

    cause: Cause
    blame: Blame
    outcome: Outcome = Outcome.FAILED
    confidence: Confidence = Confidence.HIGH


# The nearest class in an error's own ancestry counts, so a subclass may differ from its base.
READINGS: dict[type[BaseException], Reading] = {
    errors.UsageError: Reading(Cause.CONNECTOR_ERROR, Blame.CONNECTOR),
    # It would be the same at any venue.
    errors.NotSetUp: Reading(Cause.NOT_SET_UP, Blame.VANTAGE, Outcome.INCONCLUSIVE),
    errors.UnknownPair: Reading(Cause.PAIR_UNAVAILABLE, Blame.EXCHANGE),
    errors.TransportError: Reading(Cause.TRANSPORT, Blame.EXCHANGE),
    errors.Timeout: Reading(Cause.TIMEOUT, Blame.EXCHANGE),
    TimeoutError: Reading(Cause.TIMEOUT, Blame.EXCHANGE),
    errors.Stale: Reading(Cause.STALE_DATA, Blame.EXCHANGE),
    errors.VenueError: Reading(Cause.VENUE_ERROR, Blame.EXCHANGE),
    # We asked too often, so we learnt nothing about the venue.
    errors.RateLimited: Reading(Cause.RATE_LIMITED, Blame.OWN_RATE, Outcome.INCONCLUSIVE),
    errors.Maintenance: Reading(Cause.EXCHANGE_MAINTENANCE, Blame.EXCHANGE),
    errors.TokenRefused: Reading(Cause.TOKEN_REFUSED, Blame.EXCHANGE),
    # A refusal may be the account's, the request's or the venue's doing; its text tells a reader, not us.
    errors.Rejected: Reading(Cause.VENUE_ERROR, Blame.EXCHANGE, confidence=Confidence.LOW),
    errors.InsufficientFunds: Reading(Cause.NO_FUNDS, Blame.CREDENTIALS, Outcome.INCONCLUSIVE),
    errors.AddressRefused: Reading(Cause.ADDRESS_REFUSED, Blame.VANTAGE, Outcome.INCONCLUSIVE, Confidence.MEDIUM),
    errors.AuthRejected: Reading(Cause.AUTH_REJECTED, Blame.CREDENTIALS),
    errors.DataError: Reading(Cause.PROTOCOL_VIOLATION, Blame.EXCHANGE),
    errors.MalformedPayload: Reading(Cause.MALFORMED_PAYLOAD, Blame.EXCHANGE),
    # The venue moved on, or it never was as documented; either way the connector has to follow.
    errors.UnexpectedShape: Reading(Cause.MALFORMED_PAYLOAD, Blame.CONNECTOR, confidence=Confidence.LOW),
    errors.MessageTooLarge: Reading(Cause.MESSAGE_TOO_LARGE, Blame.EXCHANGE),
    errors.SequenceGap: Reading(Cause.SEQUENCE_GAP, Blame.EXCHANGE),
    # Either side may have computed it wrongly; ours is proven by every other book that passes.
    errors.ChecksumMismatch: Reading(Cause.CHECKSUM_MISMATCH, Blame.EXCHANGE, confidence=Confidence.MEDIUM),
    errors.CrossedBook: Reading(Cause.CROSSED_BOOK, Blame.EXCHANGE),
    errors.LockedBook: Reading(Cause.LOCKED_BOOK, Blame.EXCHANGE),
}
UNEXPECTED = Reading(Cause.CONNECTOR_ERROR, Blame.CONNECTOR)


def read_error(error: BaseException) -> Reading:
    """How *error* is to be read; anything outside the tree is a fault of the connector."""
    return next((READINGS[cls] for cls in type(error).__mro__ if cls in READINGS), UNEXPECTED)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as evidence: the step that met it, its class and its text, never a key or a signature.

    *endpoint* is a path over REST, a whole URL over WebSocket, and empty where the error names none.
    """

    step: str
    error: str
    message: str
    endpoint: str
    cause: Cause
    blame: Blame
    outcome: Outcome
    is_transient: bool
    confidence: Confidence = Confidence.HIGH

    @classmethod
    def of(cls, error: BaseException, *, step: str) -> Failure:
        reading = read_error(error)
        return cls(
            step=step,
            error=type(error).__name__,
            message=_message(error),
            endpoint=error.endpoint if isinstance(error, errors.ConnectorError) else "",
            cause=reading.cause,
            blame=reading.blame,
            outcome=reading.outcome,
            is_transient=isinstance(error, TimeoutError) or errors.is_transient(error),
            confidence=reading.confidence,
        )

    def condition(self) -> Condition:
        return Condition(
            self.step,
            SUCCEEDS,
            f"{self.error}: {self.message}" if self.message else self.error,
            self.outcome,
            self.cause,
            self.blame,
            self.confidence,
            self.error,
            self.endpoint,
        )


def _message(error: BaseException) -> str:
    if isinstance(error, errors.ConnectorError):
        return on_one_line(str(error))
    if isinstance(error, TimeoutError):
        return "no result within the check's deadline"
    # The text of an unforeseen error may quote a secret; the place where it was raised cannot.
    return _place(error.__traceback__)


def _place(traceback: TracebackType | None) -> str:
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"at {Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}"
