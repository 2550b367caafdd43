"""Sends one request and reads its answer; what fails on the way is an error that says what happened."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .errors import ConnectionFailedError, ServerError

_REFUSAL_BYTES = 65_536


@dataclass(frozen=True)
class Answer:
    """What a server has answered. Headers are found in any spelling."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for one server."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def send(url: str, target: str, method: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Answer:
    """
    Sends a request. The time is that of the whole exchange. Of a refusal no more is read than an error needs.
    """
    until = time.monotonic() + timeout
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if _is_here(urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    opener.addheaders = []
    request = urllib.request.Request(target, data=body, headers=dict(headers), method=method)
    try:
        try:
            response: Any = opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as refusal:
            response = refusal
        with response:
            status = int(response.status)
            limit = None if 200 <= status < 300 else _REFUSAL_BYTES
            try:
                content = _read(response, limit, until)
            except (OSError, http.client.HTTPException):
                # A refusal whose body is cut, or does not end, leaves its status.
                if limit is None:
                    raise
                content = b""
            return Answer(status, response.headers, content)
    except (OSError, http.client.HTTPException) as error:
        failure = _failure(url, error)
    # Out here, so that the system's error is not its context: that one may hold what a server has sent.
    raise failure


def _read(response: Any, limit: int | None, until: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while limit is None or size < limit:
        if time.monotonic() > until:
            raise TimeoutError
        part = response.read1(16_384)
        if part == b"":
            # read1 does not say that there should have been more.
            if response.length not in (None, 0):
                raise http.client.IncompleteRead(b"")
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)[:limit]


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _failure(url: str, error: BaseException) -> ConnectionFailedError:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, str], ...] = (
        (socket.gaierror, "name_not_found", "The name of the server is not known"),
        (ssl.SSLError, "tls_failed", "No safe connection comes about"),
        ((TimeoutError, socket.timeout), "timed_out", "No answer comes in time"),
        (
            (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected, http.client.IncompleteRead),
            "connection_cut",
            "The connection was cut",
        ),
        (http.client.HTTPException, "bad_header", "What answers sends a header that cannot be read"),
    )
    for types, code, words in kinds:
        if isinstance(reason, types):
            return ConnectionFailedError(code, f"{words}: {url} ({type(reason).__name__}).")
    return ConnectionFailedError("unreachable", f"No server answers at {url}. Start it, or correct the URL.")


def bad_answer(message: str) -> ServerError:
    """What answers is not Latchkey."""
    return ServerError("bad_answer", message)
