"""Speaks to one server as one caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from ._access_tokens import AccessTokens, Credential, is_personal_access_token
from ._environment import Environment
from ._refusal import read_refusal
from ._server_url import url_below
from ._transport import Answer, bad_answer, send
from .connection import is_token, resolve_connection
from .errors import AuthenticationError


@dataclass(frozen=True)
class Identity:
    """Who the holder of a token is."""

    id: str
    #: ``api-key``, ``personal-access``…
    kind: str
    name: str
    owner: str
    project: str | None
    #: What the token may do: a request must be allowed by each.
    authority: list[Mapping[str, Any]]
    limits: list[Mapping[str, Any]]
    #: RFC 3339; None: never.
    expires_at: str | None
    #: The owner's e-mail address; None where the owner is not called by one.
    email: str | None = None
    #: The whole answer; a newer server may say more.
    answer: Mapping[str, Any] = field(repr=False, default_factory=dict)


class Client:
    """
    Finds its token, server and project as :func:`resolve_connection` does, and shows its token to nobody.

    A personal access token is exchanged for access tokens; where the server does not exchange, it is sent itself.
    Threads may share a client.
    """

    def __init__(
        self,
        *,
        token: str | Literal[False] | None = None,
        url: str | None = None,
        project: str | Literal[False] | None = None,
        profile: str | Literal[False] | None = None,
        environment: Environment | None = None,
        timeout: float = 60.0,
    ) -> None:
        found = resolve_connection(token=token, url=url, project=project, profile=profile, environment=environment)
        #: The server, without a slash at its end.
        self.url = found.url
        #: The project that the client acts for.
        self.project = found.project
        self.timeout = timeout
        self._token = found.token
        is_personal = found.token is not None and is_personal_access_token(found.token)
        self._access = AccessTokens(found.token, self._exchange) if found.token is not None and is_personal else None

    def __repr__(self) -> str:
        return f"Client(url={self.url!r}, project={self.project!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client is not pickled: its token would be in there")

    def whoami(self) -> Identity:
        """Says whose token it is, what it may do and what is left of its limits. Raises as ``request`` does."""
        said = _parsed(self.request("GET", "/api/v1/whoami").body)
        texts = [said.get(name) for name in ("id", "kind", "name", "owner")]
        authority, limits = said.get("authority"), said.get("limits")
        if not all(isinstance(one, str) for one in texts) or not _is_list(authority) or not _is_list(limits):
            raise bad_answer(f"What answers at {self.url} does not say who you are. Is it Latchkey?")
        return Identity(*texts, said.get("project"), authority, limits, said.get("expiresAt"), said.get("email"), said)

    def revoke(self) -> bool:
        """
        Ends the token for good: of a personal access token that one, with all that came from it.

        False: the server denies it from now on, and could not store that yet; other servers on its database take it
        until it has.
        """
        return self._ask("POST", "/api/v1/tokens/revoke-self", None, {}, self._token).status != 202

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """
        Sends a request with the credential and the project, and returns an answer of 2xx. Redirects are not followed.

        ``path`` begins with ``/``; ``body`` is bytes, or anything else that JSON has. Raises ``LatchkeyError``, and
        ``ValueError`` for a path that leads out of the server's.
        """
        if self._access is None:
            return self._ask(method, path, body, headers or {}, self._token)
        credential: Credential = self._access.current()
        try:
            return self._ask(method, path, body, headers or {}, credential.token)
        except AuthenticationError:
            if not credential.is_renewable:
                raise
            # Its time may be over, or the key gone that it was signed with.
            self._access.discard(credential)
        return self._ask(method, path, body, headers or {}, self._access.current().token)

    def _ask(self, method: str, path: str, body: object, headers: Mapping[str, str], sent: str | None) -> Answer:
        target = url_below(self.url, path)
        all_headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        if sent is not None:
            all_headers["Authorization"] = f"Bearer {sent}"
        if self.project is not None:
            # Header fields hold bytes: each character of the result is one.
            all_headers["Latchkey-Project"] = self.project.encode().decode("latin-1")
        content = body
        if content is not None and not isinstance(content, bytes):
            content = json.dumps(content).encode()
            all_headers.setdefault("Content-Type", "application/json")
        answer = send(self.url, target, method, all_headers, content, self.timeout)
        if 200 <= answer.status < 300:
            return answer
        secrets = tuple({one for one in (self._token, sent) if one is not None})
        raise read_refusal(answer.status, answer.headers, answer.body, url=self.url, sent=sent, secrets=secrets)

    def _exchange(self, personal: str) -> str | None:
        body = json.dumps({"refresh": personal}).encode()
        headers = {"Content-Type": "application/json"}
        url = url_below(self.url, "/api/token/refresh")
        answer = send(self.url, url, "POST", headers, body, min(self.timeout, 30.0))
        if answer.status == 404:
            return None
        if not 200 <= answer.status < 300:
            given = {"url": self.url, "sent": personal, "secrets": (personal,)}
            raise read_refusal(answer.status, answer.headers, answer.body, **given)
        access = _parsed(answer.body).get("access")
        if isinstance(access, str) and is_token(access):
            return access
        raise bad_answer(f"The server at {self.url} was asked for an access token and sent none.")


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
