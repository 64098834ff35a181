"""The addresses of servers: one that can't be read as it was meant is refused, and never told.

A `/`, `#` or `?` in a password ends the host's part of the address there. What comes before it is
taken for a port, and told by whoever fails to read it, at every delivery.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import environ
from kombu.transport import TRANSPORT_ALIASES
from kombu.utils.url import parse_url
from redis import ConnectionPool
from redis.exceptions import RedisError

_QUOTES: Final = ("'", '"', "`")
_NO_NUMBER: Final = "names no number of a database, such as the 0 of redis://host:6379/0."
_UNREADABLE: Final = (
    "can't be read: a part of it is no port, or no option, or a character in its user or password "
    "ends that early. Write such a character by its code: % as %25, / as %2F, # as %23, ? as %3F, "
    "@ as %40, : as %3A, [ as %5B; python -c 'from urllib.parse import quote; "
    'print(quote(input(), safe=""))\' writes a password so.'
)


def problem_of(name: str, address: str) -> str:
    """Return what is wrong with the address in a variable; empty for one that can be read."""
    if address.strip() != address or address.startswith(_QUOTES) or address.endswith(_QUOTES):
        return "stands in quotation marks or white space, which would be part of it."
    schemes, read = _READERS[name]
    # Celery takes several brokers, one of which may do.
    for each in address.split(";") if name == "CELERY_BROKER_URL" else [address]:
        if problem := _problem_of(each, schemes, read):
            return problem
    return ""


def _problem_of(address: str, schemes: tuple[str, ...], read: Callable[[str], str]) -> str:
    scheme, separator, _ = address.partition("://")
    if not separator or scheme not in schemes:
        return f"does not begin with {schemes[0]}://, nor as another address for it would."
    try:
        parts = urlsplit(address)
        # Each reader would take what follows for a path, an option or nothing.
        is_cut = "#" in address or "@" in parts.path + parts.query
        return _UNREADABLE if is_cut else read(address)
    except (ValueError, TypeError, LookupError, RedisError):
        return _UNREADABLE


def _database(address: str) -> str:
    config = environ.Env.db_url_config(address)
    is_named = config["NAME"] or "service" in config.get("OPTIONS", {})
    return "" if is_named else "names no database: add it at the end, as in postgres://host/name."


def _redis(address: str) -> str:
    # Only a connection that is made, though not opened, knows its options.
    ConnectionPool.from_url(address).make_connection()
    return "" if address.startswith("unix:") else _numbered(address)


def _broker(address: str) -> str:
    parse_url(address)
    return _numbered(address) if address.startswith("redis") else ""


def _numbered(address: str) -> str:
    # Redis' client takes anything else for 0, where others may keep what is theirs.
    return "" if re.fullmatch(r"/?\d*", urlsplit(address).path) else _NO_NUMBER


_READERS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[str], str]]]] = {
    "DATABASE_URL": (("postgres", "postgresql", "psql", "pgsql"), _database),
    "REDIS_URL": (("redis", "rediss", "unix"), _redis),
    "CELERY_BROKER_URL": (("redis", *TRANSPORT_ALIASES), _broker),
}
