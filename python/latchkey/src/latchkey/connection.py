"""Where a caller's token, server and project come from."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Literal

from ._environment import Environment, read_variable
from ._server_url import lies_below, read_server_url
from .errors import ConfigurationError
from .profiles import Profile, find_profile, read_profile

_DEFAULT_URL = "http://127.0.0.1:1234"

_Source = Literal["option", "profile", "variable", "default"]

#: The variables that hold a token, the first first, and which servers it may go to, by what has named them.
_TOKEN_VARIABLES: tuple[tuple[str, frozenset[_Source]], ...] = (
    ("LATCHKEY_API_TOKEN", frozenset({"option", "variable", "default"})),
    ("LM_API_TOKEN", frozenset({"option", "variable", "default"})),
    ("LM_STUDIO_API_KEY", frozenset({"option", "variable", "default"})),
    ("LABEL_STUDIO_API_KEY", frozenset({"option", "variable"})),
)


@dataclass(frozen=True)
class Connection:
    """Which server is spoken to, and as whom."""

    url: str
    token: str | None = field(default=None, repr=False)
    project: str | None = None


@dataclass(frozen=True)
class _Chosen:
    name: str
    profile: Profile
    #: By the argument or by the environment.
    is_named: bool
    #: Named by the argument, it goes before the environment.
    goes_first: bool


def resolve_connection(
    *,
    token: str | Literal[False] | None = None,
    url: str | None = None,
    project: str | Literal[False] | None = None,
    profile: str | Literal[False] | None = None,
    environment: Environment | None = None,
) -> Connection:
    """
    Finds the server of a caller, then the token that is for it, and the project.

    Each in this order: the argument of its name, the profile that ``profile`` names, the environment, the profile that
    ``LATCHKEY_PROFILE`` names or ``[default]``. None: not given; False: none at all. No file is read when nothing is
    wanted from it. Raises ``ConfigurationError``.
    """
    variables = os.environ if environment is None else environment
    source: _Source = "variable" if url is None else "option"
    has_url = url is not None or read_variable(variables, "LATCHKEY_URL") is not None
    has_token = token is not None or _find_variable_token(variables, source) is not None
    has_project = project is not None or read_variable(variables, "LATCHKEY_PROJECT") is not None
    is_wanted = isinstance(profile, str) or (
        profile is None
        # A project of the default profile is not missed where the caller is another one.
        and not (has_url and has_token and (has_project or read_variable(variables, "LATCHKEY_PROFILE") is None))
    )
    found = _find_chosen(profile or None, variables) if is_wanted else None
    where, source = _find_url(url, variables, found)
    is_its_server = found is not None and (
        # A profile without a URL is for the server that the caller's own words name, not for one of the environment.
        source != "variable" if found.profile.url is None else lies_below(where, found.profile.url)
    )
    own = found.profile.project if found is not None and is_its_server else None
    if project is None:
        first = own if found is not None and found.goes_first else None
        project = first or read_variable(variables, "LATCHKEY_PROJECT") or own or False
    chosen = _find_token(variables, found, where, source, is_its_server) if token is None else token
    return Connection(
        where,
        None if chosen is None or chosen is False else _checked(chosen, "The token"),
        None if project is False else _checked_project(project),
    )


def _find_chosen(named: str | None, variables: Environment) -> _Chosen | None:
    name = named
    if name is None:
        variable = read_variable(variables, "LATCHKEY_PROFILE")
        name = None if variable is None else variable.strip()
    if name is None:
        profile = find_profile("default", variables)
        return None if profile is None else _with_checked_url(_Chosen("default", profile, False, False))
    return _with_checked_url(_Chosen(name, read_profile(name, variables), True, named is not None))


def _with_checked_url(found: _Chosen) -> _Chosen:
    own = found.profile
    if own.url is None:
        return found
    url = read_server_url(own.url, f"url of the profile '{found.name}'")
    return _Chosen(found.name, Profile(own.token, url, own.project, own.server_key), found.is_named, found.goes_first)


def _find_url(url: str | None, variables: Environment, found: _Chosen | None) -> tuple[str, _Source]:
    own = None if found is None else found.profile.url
    if url is not None:
        return read_server_url(url, "url"), "option"
    if found is not None and found.goes_first and own is not None:
        return own, "profile"
    variable = read_variable(variables, "LATCHKEY_URL")
    if variable is not None:
        return read_server_url(variable, "LATCHKEY_URL"), "variable"
    return (_DEFAULT_URL, "default") if own is None else (own, "profile")


def _find_variable_token(variables: Environment, source: _Source) -> tuple[str, str] | None:
    for name, goes_to in _TOKEN_VARIABLES:
        token = read_variable(variables, name) if source in goes_to else None
        if token is not None:
            return name, token
    return None


def _find_token(
    variables: Environment, found: _Chosen | None, url: str, source: _Source, is_its_server: bool
) -> str | None:
    goes_first = found is not None and found.goes_first
    own = found.profile.token if found is not None and is_its_server else None
    if goes_first and own is not None:
        return own
    variable = None if goes_first and not is_its_server else _find_variable_token(variables, source)
    if variable is not None:
        return _checked(variable[1], variable[0])
    if found is None:
        return None
    if source == "profile" and not goes_first and read_variable(variables, "LATCHKEY_API_TOKEN") is not None:
        raise ConfigurationError(
            "wrong_server",
            f"LATCHKEY_API_TOKEN is set, and is not sent to the server of the profile '{found.name}'. Set LATCHKEY_URL "
            "to the server that it is for, or name the profile to use its own token.",
        )
    if is_its_server or not found.is_named:
        return own
    whose = "has no url" if found.profile.url is None else f"is for {found.profile.url}"
    raise ConfigurationError(
        "wrong_server",
        f"The profile '{found.name}' {whose}, and its token is sent nowhere else; the URL is {url}. "
        "Name the profile of that server, or give a token.",
    )


_WRONG: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r""), "is empty. Leave it out, or give a whole one."),
    (re.compile(r"bearer\s.*", re.IGNORECASE | re.DOTALL), "begins with Bearer. Give the token alone, without the word."),
    (re.compile(r"[\"'].*[\"']", re.DOTALL), "is in quotes, which are sent with it. Take them off."),
    (re.compile(r"[A-Z][A-Z0-9_]*=.*", re.DOTALL), "begins with the name of a variable. Give what stands behind the =."),
)


def is_token(text: str) -> bool:
    """Whether a text can be a token."""
    return re.fullmatch(r"[\x21-\x7e]+", text) is not None


def _checked(text: str, source: str) -> str:
    token = text.strip()
    for pattern, problem in _WRONG:
        if pattern.fullmatch(token):
            raise ConfigurationError("invalid_option", f"{source} {problem}")
    if not is_token(token):
        raise ConfigurationError(
            "invalid_option",
            f"{source} has characters that none can have. Check that it was copied whole, without a line break.",
        )
    return token


def _checked_project(project: str) -> str:
    if project.strip() == "" or re.search("[\u0000-\u001f\u007f-\u009f\ud800-\udfff]", project):
        raise ConfigurationError("invalid_option", "The project is empty or has characters that no name can have.")
    return project
