"""Reads what a server has answered in place of what was asked for."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from ._tidy import tidy
from .errors import (
    AuthenticationError,
    Denial,
    LatchkeyError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


def read_refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, url: str, sent: str | None, secrets: tuple[str, ...]
) -> LatchkeyError:
    """The error that says what a refusal says. No field of it holds one of the secrets."""
    said = _fields(_parsed(body))
    error, sentence = _fields(said.get("error")), said.get("error")
    details = _fields(error.get("details"))

    def word(value: object) -> str | None:
        return value if isinstance(value, str) and _WORD.fullmatch(value) and tidy(value, secrets) == value else None

    own_code = word(error.get("code")) or word(said.get("code")) or word(sentence)
    candidates = (error.get("message"), said.get("detail"), _listed(said.get("detail")), said.get("error_description"))
    last = None if word(sentence) else sentence
    words = next((shown for one in (*candidates, said.get("message"), last) if (shown := tidy(one, secrets))), None)
    message = words or f"The server at {url} answered HTTP {status}."
    more: dict[str, Any] = {
        "status": status,
        "request_id": tidy(headers.get("X-Request-Id"), secrets) or None,
        "retry_after_seconds": _read_retry_after(headers.get("Retry-After")),
    }
    if status == 401:
        return _unauthenticated(details, words, headers, url, sent, more)
    if status == 403:
        denied = PermissionDeniedError(own_code or "permission_denied", message, **more)
        denied.decision = _read_denial(details, secrets)
        return denied
    param = tidy(error.get("param"), secrets) or None
    if status == 429:
        limited = RateLimitError(own_code or "http_429", message, **more)
        limited.limit = tidy(details.get("limit"), secrets) or param
        return limited
    if 300 <= status < 400:
        target = tidy(_origin_of(urljoin(url, headers.get("Location") or "")), secrets)
        where = f"{url} redirects to {target}, where the token is not sent. If that is the server, make it the URL."
        return ServerError("redirected", where, **more)
    hint = " The URL ends in /v1: leave that out." if status == 404 and url.endswith("/v1") else ""
    refused = ServerError(own_code or f"http_{status}", message + hint, **more)
    refused.param = param
    return refused


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _fields(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(detail: object) -> str | None:
    """What is wrong with each field of a request, in FastAPI's way."""
    lines = []
    for one in detail[:20] if isinstance(detail, list) else []:
        place, text = _fields(one).get("loc"), _fields(one).get("msg")
        if isinstance(text, str):
            parts = [str(part) for part in place if isinstance(part, str | int)] if isinstance(place, list) else []
            lines.append(f"{'.'.join(parts)}: {text}" if parts else text)
    return "; ".join(lines) or None


def _unauthenticated(
    details: Mapping[str, Any],
    words: str | None,
    headers: Mapping[str, str],
    url: str,
    sent: str | None,
    more: dict[str, Any],
) -> AuthenticationError:
    if sent is None:
        message = f"No API token provided for {url}. Set LATCHKEY_API_TOKEN, or log in with 'latchkey login'."
        return AuthenticationError("no_token", message, **more)
    # RFC 6750 has one code for all; only the words of it say more.
    challenge = headers.get("WWW-Authenticate") or ""
    if details.get("code") == "AUTH_TOKEN_EXPIRED" or re.search(r"\bexpired\b", f"{words} {challenge}", re.IGNORECASE):
        message = f"The API token for {url} has expired. Make another one and log in with 'latchkey login'."
        return AuthenticationError("expired_token", message, **more)
    return AuthenticationError("invalid_token", f"Invalid API token for {url}.{f' {words}' if words else ''}", **more)


def _read_denial(details: Mapping[str, Any], secrets: tuple[str, ...]) -> Denial | None:
    grant = details.get("grant")
    source, rule, reason = (details.get(name) for name in ("source", "rule", "reason"))
    if not isinstance(grant, int) or not all(isinstance(one, str) for one in (source, rule, reason)):
        return None
    return Denial(grant, tidy(source, secrets), tidy(rule, secrets), tidy(reason, secrets))


def _read_retry_after(text: str | None) -> float | None:
    """RFC 9110 10.2.3: seconds, which some write with a fraction, or a date."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text):
        return float(text)
    try:
        return float(max(0, math.ceil(parsedate_to_datetime(text).timestamp() - time.time())))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _origin_of(location: str) -> str:
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port is not None else ""
        return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "elsewhere"
    except ValueError:
        return "elsewhere"
