"""Profiles of ``~/.latchkey/credentials``, which ``latchkey login`` makes."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from ._environment import Environment, find_home, read_variable
from ._scan import PROFILE_NAME, Line, fail_at, read_value, scan
from .errors import ConfigurationError

_FIELDS = {"api_token": "token", "url": "url", "project": "project", "server_key": "server_key"}
_VARIABLE = "LATCHKEY_CREDENTIALS"


@dataclass(frozen=True)
class Profile:
    """A token, and where and for what it is used."""

    token: str | None = field(default=None, repr=False)
    url: str | None = None
    project: str | None = None
    server_key: str | None = None
    """The key that the server has proven to have when the profile was made."""


def credentials_file(environment: Environment | None = None) -> str:
    """What ``LATCHKEY_CREDENTIALS`` names, or ``~/.latchkey/credentials``; raises ``no_home`` when there is neither."""
    environment = os.environ if environment is None else environment
    named = read_variable(environment, _VARIABLE)
    if named is not None:
        return named
    home = find_home(environment)
    if home is None:
        raise ConfigurationError(
            "no_home",
            "There is no home folder to keep profiles in. Set HOME, or name the file in LATCHKEY_CREDENTIALS.",
        )
    return os.path.join(home, ".latchkey", "credentials")


def read_profiles(environment: Environment | None = None) -> Mapping[str, Profile]:
    """All profiles; none when there is no file. Raises ``unsafe_profiles`` or ``invalid_profiles``."""
    environment = os.environ if environment is None else environment
    lines, path = _read_lines(environment)
    return {name: found for name in _names_of(lines) if (found := _profile_of(lines, name, path)) is not None}


def find_profile(name: str, environment: Environment) -> Profile | None:
    """One profile; None when it is not there. Only what concerns it is judged."""
    if not PROFILE_NAME.fullmatch(name) or (name != "default" and name.lower() == "default"):
        raise ConfigurationError(
            "invalid_option",
            "The profile has no name that one can have: 1 to 64 letters, digits, -, _ and dots.",
        )
    lines, path = _read_lines(environment)
    return _profile_of(lines, name, path)


def read_profile(name: str, environment: Environment) -> Profile:
    """One profile; raises ``unknown_profile``, which lists those that there are."""
    profile = find_profile(name, environment)
    if profile is not None:
        return profile
    lines, path = _read_lines(environment)
    names = ", ".join(_names_of(lines))
    where = f" in {path}. There are: {names}" if names else f": {path} has none yet"
    raise ConfigurationError(
        "unknown_profile",
        f"There is no profile '{name}'{where}. Make it with: latchkey login --profile {name}",
    )


def _names_of(lines: list[Line]) -> list[str]:
    return list(dict.fromkeys(line.section for line in lines if line.key is None))


def _profile_of(lines: list[Line], name: str, path: str) -> Profile | None:
    own = [line for line in lines if line.section == name]
    headers = [line for line in own if line.key is None]
    if not headers:
        return None
    if len(headers) > 1:
        first, second = headers[0].number, headers[1].number
        fail_at(path, second, f"begins the profile '{name}' again, which line {first} has begun")
    found: dict[str, str] = {}
    for line in own:
        if line.key is None or line.value is None:
            continue
        known = _FIELDS.get(line.key)
        if known is None:
            fail_at(path, line.number, "has an unknown key. There are: api_token, url, project, server_key")
        if known in found:
            fail_at(path, line.number, f"sets {line.key} a second time")
        text = read_value(line.value)
        if text is None:
            fail_at(path, line.number, f"has quotes around {line.key} that do not match")
        if text.strip() == "":
            fail_at(path, line.number, f"has an empty {line.key}")
        found[known] = text
    return Profile(**found)


def _read_lines(environment: Environment) -> tuple[list[Line], str]:
    named = read_variable(environment, _VARIABLE)
    if named is None and find_home(environment) is None:
        return [], ""
    path = credentials_file(environment)
    text = _read_credentials(path, named is not None)
    if text is None and named is not None:
        raise ConfigurationError("unsafe_profiles", f"{_VARIABLE} names {named}, which is not there.")
    return scan(text or "", path), path


def _read_credentials(path: str, is_named: bool) -> str | None:
    try:
        # Without O_NONBLOCK a pipe in place of the file would wait for its writer. Windows has none.
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError("unsafe_profiles", f"{path} cannot be read ({_name_of(error)}).") from error
    try:
        # The checks are of the file that was opened: no other one can be put in its place in between.
        problem = _problem_of_file(os.fstat(file), path, is_named) or (None if is_named else _problem_of_folder(path))
        if problem is not None:
            raise ConfigurationError("unsafe_profiles", problem)
        with open(file, "rb", closefd=False) as opened:
            return opened.read().decode("utf-8")
    except UnicodeDecodeError:
        # The error has the bytes of the file in it.
        raise ConfigurationError("invalid_profiles", f"{path} is not UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigurationError("unsafe_profiles", f"{path} cannot be read ({_name_of(error)}).") from error
    finally:
        os.close(file)


def _name_of(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _problem_of_file(stats: os.stat_result, path: str, is_named: bool) -> str | None:
    if not stat.S_ISREG(stats.st_mode):
        return f"{path} is no file."
    if os.name == "nt":
        return None
    if stats.st_uid != os.getuid() and not (is_named and stats.st_uid == 0):
        return f"{path} belongs to another user. Make one of your own."
    # Where a variable names the file its group may read it, as where Kubernetes mounts a secret.
    if stats.st_mode & (0o037 if is_named else 0o077):
        return f"{path} can be read by others. Make it yours alone: chmod 600 {path}"
    return None


def _problem_of_folder(path: str) -> str | None:
    """In a folder that others can write to they can put another file in this one's place."""
    if os.name == "nt":
        return None
    folder = os.path.dirname(path)
    stats = os.stat(folder)
    if stats.st_uid not in (os.getuid(), 0):
        return f"{folder} belongs to another user."
    if stats.st_mode & 0o022:
        return f"{folder} can be written by others. Make it yours alone: chmod 700 {folder}"
    return None
