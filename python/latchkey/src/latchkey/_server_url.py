"""The URL of a server, and what lies below it."""

from __future__ import annotations

import re

from .errors import ConfigurationError

_URL = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(/[\x21-\x7e]*)?", re.IGNORECASE)
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def read_server_url(text: str, source: str) -> str:
    """``http`` or ``https``, without a slash at its end. The text is never quoted, since people paste tokens there."""
    if re.match(r"[A-Za-z]+://[^/?#]*@", text):
        raise _invalid(source, "has a user name or a password in it. Give the token apart from the URL.")
    if "?" in text or "#" in text:
        raise _invalid(source, "has a query or a fragment, behind ? or #. Leave it out.")
    found = _URL.fullmatch(text.strip())
    if found is None or int(found[3] or 1) > 65535 or not _is_plain(found[4] or ""):
        raise _invalid(source, "is no URL of a server. Write it like http://127.0.0.1:1234.")
    scheme, host, port, path = found[1].lower(), found[2].lower(), found[3], found[4] or ""
    shown = "" if port is None or port == _DEFAULT_PORTS[scheme] else f":{int(port)}"
    return f"{scheme}://{host}{shown}{path}".rstrip("/")


def lies_below(url: str, server: str) -> bool:
    """Whether a URL is that of a server or lies below it."""
    return url == server or url.startswith(f"{server}/")


def url_below(server: str, path: str) -> str:
    """Joins a server's URL and a path, which stays below the server's own; raises ValueError for any other."""
    if not path.startswith("/"):
        raise ValueError("The path must begin with /, like /api/v1/models")
    if not re.fullmatch(r"[\x21-\x7e]+", path) or "#" in path:
        raise ValueError("The path must be written as in a URL, without blanks and fragment")
    if not _is_plain(path.partition("?")[0]):
        raise ValueError("The path must stay below that of the server")
    return server + path


def _is_plain(path: str) -> bool:
    """Without dots that would lead upwards, and without backslashes, which some take for slashes."""
    return "\\" not in path and not _DOTS.search(path)


def _invalid(source: str, problem: str) -> ConfigurationError:
    return ConfigurationError("invalid_url", f"{source} {problem}")
