"""What every refusal and failure of this package is."""

from __future__ import annotations

from dataclasses import dataclass


class LatchkeyError(Exception):
    """The message never holds a token and may be shown to people; ``code`` is for programs and stays what it is."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        #: The HTTP status, where a server has answered.
        self.status = status
        #: By which the server's log knows the request, where a server has answered.
        self.request_id = request_id
        #: When to try again, where a server has said so.
        self.retry_after_seconds = retry_after_seconds


class ConfigurationError(LatchkeyError):
    """An argument, a variable or the profiles file is not right; nothing was sent."""


class AuthenticationError(LatchkeyError):
    """``no_token``, ``invalid_token`` or ``expired_token``: give another one."""


@dataclass(frozen=True)
class Denial:
    """Which grant of a token's authority denied a request, and why."""

    grant: int
    source: str
    rule: str
    reason: str


class PermissionDeniedError(LatchkeyError):
    """The token does not allow the request (HTTP 403)."""

    #: Which grant denied; None when the server does not say so in data.
    decision: Denial | None = None


class RateLimitError(LatchkeyError):
    """A limit of the token is used up (HTTP 429): wait ``retry_after_seconds``."""

    #: The limit's name, e.g. ``tokensPerDay``.
    limit: str | None = None


class ConnectionFailedError(LatchkeyError):
    """
    No server answers, or its answer is cut: ``unreachable``, ``name_not_found``, ``tls_failed``, ``bad_header``,
    ``connection_cut`` or ``timed_out``.
    """


class ServerError(LatchkeyError):
    """The server answered with any other error; ``code`` is the server's own, ``redirected`` or ``bad_answer``."""

    #: The parameter of the request that is at fault.
    param: str | None = None
