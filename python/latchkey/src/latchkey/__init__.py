"""Token, profile and endpoint of a caller of Latchkey; whoami; access tokens that refresh themselves; typed errors."""

from ._transport import Answer
from .client import Client, Identity
from .connection import Connection, resolve_connection
from .errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    Denial,
    LatchkeyError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from .profiles import Profile, credentials_file, read_profiles

__all__ = [
    "Answer",
    "AuthenticationError",
    "Client",
    "ConfigurationError",
    "Connection",
    "ConnectionFailedError",
    "Denial",
    "Identity",
    "LatchkeyError",
    "PermissionDeniedError",
    "Profile",
    "RateLimitError",
    "ServerError",
    "credentials_file",
    "read_profiles",
    "resolve_connection",
]
