"""Variables of the environment, and the home folder."""

from __future__ import annotations

import os
from collections.abc import Mapping

Environment = Mapping[str, str]


def read_variable(environment: Environment, name: str) -> str | None:
    """An empty variable, or one of blanks alone, counts as absent."""
    value = environment.get(name)
    return None if value is None or value.strip() == "" else value


def find_home(environment: Environment) -> str | None:
    """The folder of the user; None where there is none, as for a user without an entry in the system's list."""
    named = read_variable(environment, "USERPROFILE" if os.name == "nt" else "HOME")
    if named is not None:
        return named
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir or None
    except (ImportError, KeyError):
        return None
