"""Reads a profiles file line by line: the one place that knows how such a file is written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

from .errors import ConfigurationError

_PIECES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_HEADER = re.compile(r"\[[ \t]*(?:profile[ \t]+)?([^\[\]]*?)[ \t]*\][ \t]*(?:[#;].*)?")
_ENTRY = re.compile(r"([^=:]*?)[ \t]*[=:][ \t]*(.*)")
_CONTROL = re.compile("[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\ufeff]")
_DOUBLE = re.compile(r'("(?:[^"\\]|\\.)*")[ \t]*(?:[#;].*)?')
_SINGLE = re.compile(r"'([^']*)'[ \t]*(?:[#;].*)?")

#: What a profile can be called.
PROFILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Line:
    """A header, or an entry of the profile that it is in."""

    number: int
    section: str
    key: str | None = None
    value: str | None = None


def fail_at(path: str, number: int, problem: str) -> NoReturn:
    """Never with the line's text, which may be a token."""
    raise ConfigurationError("invalid_profiles", f"{path}: line {number} {problem}.")


def scan(text: str, path: str) -> list[Line]:
    """All lines but comments; raises at one that is neither header, entry nor comment."""
    section: str | None = None
    lines: list[Line] = []
    for number, raw in enumerate(_PIECES.findall(text), 1):
        content = (raw.removeprefix("\ufeff") if number == 1 else raw).rstrip("\r\n").strip(" \t")
        if _CONTROL.search(content):
            fail_at(path, number, "has a character that no text has. Save the file as UTF-8")
        if content == "" or content[0] in "#;":
            continue
        if content[0] == "[":
            header = _HEADER.fullmatch(content)
            if header is None or not PROFILE_NAME.fullmatch(header[1]):
                fail_at(path, number, "is no header of a profile, which is [name]: 1 to 64 letters, digits, -, _ and dots")
            section = header[1]
            if section != "default" and section.lower() == "default":
                fail_at(path, number, "must be [default], in small letters")
            lines.append(Line(number, section))
            continue
        entry = _ENTRY.fullmatch(content)
        if entry is None or entry[1] == "":
            fail_at(path, number, "is no header, no comment and no key = value")
        if section is None:
            fail_at(path, number, "is above the first profile. Put [default] over it")
        lines.append(Line(number, section, entry[1], entry[2]))
    return lines


def read_value(written: str) -> str | None:
    """Without quotes, and without a comment behind a blank; None: it is not right."""
    if written.startswith("'"):
        single = _SINGLE.fullmatch(written)
        return single and single[1]
    if not written.startswith('"'):
        return re.sub(r"(?:^|[ \t]+)[#;].*", "", written, count=1)
    double = _DOUBLE.fullmatch(written)
    try:
        return None if double is None else str(json.loads(double[1]))
    except ValueError:
        return None
