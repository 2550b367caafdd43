"""Access tokens that are made from a personal access token, kept and made again."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The longest margin before the end of an access token.
_MARGIN_SECONDS = 30.0


@dataclass(frozen=True)
class Credential:
    """What stands in the Authorization header."""

    token: str = field(repr=False)
    #: It was made from the caller's own and can be made again.
    is_renewable: bool = False


def is_personal_access_token(token: str) -> bool:
    """A JWT with ``token_type: "refresh"`` is a personal access token, here as in Label Studio."""
    return _read_claims(token).get("token_type") == "refresh"


class AccessTokens:
    """Keeps one access token for all threads and fetches the next one shortly before its end, once for all that wait."""

    def __init__(self, personal: str, exchange: Callable[[str], str | None]) -> None:
        self._personal = personal
        self._exchange = exchange
        self._lock = threading.Lock()
        self._held: Credential | None = None
        self._stale_at = 0.0

    def current(self) -> Credential:
        with self._lock:
            if self._held is not None and time.monotonic() < self._stale_at:
                return self._held
            # From before the server has made it: the way here is never counted as life.
            asked_at = time.monotonic()
            token = self._exchange(self._personal)
            self._held = Credential(self._personal) if token is None else Credential(token, True)
            self._stale_at = float("inf") if token is None else asked_at + _usable_for(token)
            return self._held

    def discard(self, credential: Credential) -> None:
        """A server does not take it."""
        with self._lock:
            if self._held is credential:
                self._held = None


def _usable_for(token: str) -> float:
    """Only the difference of its own times counts, so that a clock here that is wrong does not matter."""
    claims = _read_claims(token)
    begin, end = claims.get("iat"), claims.get("exp")
    if not isinstance(begin, int | float) or not isinstance(end, int | float):
        return 0
    return (end - begin) - min(_MARGIN_SECONDS, (end - begin) / 5)


def _read_claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
