"""What may be shown of a text that a server has sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote


def tidy(text: object, secrets: Iterable[str]) -> str:
    """One line, no control characters, and no token, should a server repeat it; empty for what is no text."""
    if not isinstance(text, str):
        return ""
    hidden = text
    for secret in secrets:
        for form in (secret, quote(secret, safe="")):
            hidden = re.sub(re.escape(form), "[token]", hidden, flags=re.IGNORECASE)
    shown = "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") else one for one in hidden)
    return shown.strip()[:1000]
