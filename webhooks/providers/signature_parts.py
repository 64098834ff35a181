"""The parts of a header that holds signatures: how each provider writes them."""

from dataclasses import dataclass
from typing import Final, Protocol

from webhooks.exceptions import MalformedSignature

MAX_PARTS: Final = 32
"""The most parts of a header. There is a signature for each secret in force, which are two while
one is changed; each further part would cost a stranger less than us."""


class SignatureParts(Protocol):
    """How a header holds signatures, and with them a time."""

    def read(self, header: str) -> tuple[str, list[bytes]]:
        """Return the time, empty without one, and the signatures, in bytes.

        Raises `MalformedSignature` for what leaves open what was signed.
        """

    def write(self, time: str, signature: str) -> str:
        """Return the header for one signature."""


@dataclass(frozen=True, slots=True)
class Sole:
    """One signature, after a prefix such as `sha256=`, which may be missing."""

    prefix: str = ""

    def read(self, header: str) -> tuple[str, list[bytes]]:
        return "", _signatures([header.removeprefix(self.prefix)])

    def write(self, time: str, signature: str) -> str:
        return self.prefix + signature


SOLE: Final = Sole()


@dataclass(frozen=True, slots=True)
class Named:
    """Names and values such as `t=1,v1=…`: those of `names` are signatures, one is the time."""

    separator: str
    names: tuple[str, ...]
    time: str = ""
    sign: str = "="

    def read(self, header: str) -> tuple[str, list[bytes]]:
        named = [part.partition(self.sign)[::2] for part in _split(header, self.separator)]
        times = [value for name, value in named if self.time and name == self.time]
        # Two times would leave open which of them was signed.
        if len(times) > 1:
            raise MalformedSignature("The signature header has two times.")
        return "".join(times), _signatures([value for name, value in named if name in self.names])

    def write(self, time: str, signature: str) -> str:
        timed = [f"{self.time}{self.sign}{time}"] if self.time else []
        return self.separator.join([*timed, f"{self.names[0]}{self.sign}{signature}"])


@dataclass(frozen=True, slots=True)
class Several:
    """Signatures alone, with a separator between."""

    separator: str

    def read(self, header: str) -> tuple[str, list[bytes]]:
        return "", _signatures(_split(header, self.separator))

    def write(self, time: str, signature: str) -> str:
        return signature


@dataclass(frozen=True, slots=True)
class TimeFirst:
    """The time, and then signatures, with a separator between."""

    separator: str

    def read(self, header: str) -> tuple[str, list[bytes]]:
        time, *signatures = _split(header, self.separator)
        return time, _signatures(signatures)

    def write(self, time: str, signature: str) -> str:
        return f"{time}{self.separator}{signature}"


def _split(header: str, separator: str) -> list[str]:
    parts = header.split(separator, MAX_PARTS)
    if len(parts) > MAX_PARTS:
        raise MalformedSignature(f"The signature header has more than {MAX_PARTS} parts.")
    return parts


def _signatures(texts: list[str]) -> list[bytes]:
    # Compared as bytes: hmac refuses to compare text that is not ASCII.
    return [text.encode(errors="replace") for text in texts if text]
