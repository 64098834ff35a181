"""The text that every database can hold: without NUL or lone surrogates, and short enough.

PostgreSQL takes no NUL, and neither database takes a lone surrogate. JSON can carry both as escapes
(https://www.rfc-editor.org/rfc/rfc8259#section-8.2), and so can whatever quotes it, such as the
text of an error. What can't be stored would fail the statement that stores everything else.
"""

import re
from typing import Final, TypeGuard

LONGEST_NAME: Final = 255
"""The most characters of a name or an id: as many as fit the columns that hold them."""

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """True for text that a database takes as it is, of whatever length."""
    # ASCII first: it has no surrogates, and nearly all that is asked about is ASCII.
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))


def is_name(value: object) -> TypeGuard[str]:
    """True for what can name something: text of 1 to `LONGEST_NAME` characters, storable."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and is_storable(value)


def storable(text: str, length: int | None = None) -> str:
    """Return text with what can't be stored replaced, and cut to `length`, with an ellipsis."""
    clean = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    if length is not None and len(clean) > length:
        return f"{clean[: length - 1]}\N{HORIZONTAL ELLIPSIS}"
    return clean


def escaped(text: str) -> str:
    r"""Return text with what can't be stored written as an escape: `\0`, `\udc80`."""
    # Escaped and not replaced: whoever reads an error wants to know which character caused it.
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
