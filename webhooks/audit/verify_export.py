"""Verify an export of the audit trail, with nothing but Python.

    AUDIT_KEY=... python verify_export.py audit.jsonl [--anchor SEQ:MAC]

The key, and former ones in AUDIT_KEY_FALLBACKS, separated by commas, come from the environment, or
are asked for. Exit status 0 only when nothing was altered, deleted or inserted. Whoever has the key
could have made the export: it proves something only against those who had not.
"""

import argparse
import getpass
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

FORMAT = "payments audit trail 1"
FIELDS = ("sequence", "recorded_at", "action", "actor", "subject", "details", "key_id")


class Broken(Exception):
    """The export is not what was written."""


# Copied from the project rather than imported: this file runs alone, at an auditor's.
def key_id_of(key: str) -> str:
    """Return the id by which entries name their key."""
    return hashlib.sha256(b"audit key:" + key.encode()).hexdigest()[:16]


def mac_of(entry: dict[str, Any], previous: str, key: str) -> str:
    """Return the HMAC that an entry must have, by its fields and the HMAC of the one before."""
    own = hmac.new(key.encode(), b"audit:entry", hashlib.sha256).digest()
    content = [*(entry[field] for field in FIELDS), previous]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(own, canonical.encode("ascii"), hashlib.sha256).hexdigest()


def mac_of_file(sha256: str, key: str) -> str:
    """Return the HMAC that the last line must have, by the SHA-256 of the lines before it."""
    own = hmac.new(key.encode(), b"audit:export", hashlib.sha256).digest()
    return hmac.new(own, sha256.encode("ascii"), hashlib.sha256).hexdigest()


def problems(
    lines: Iterable[bytes], keys: Iterable[str], anchors: Iterable[str] = ()
) -> Iterator[str]:
    """Yield what does not fit. Raises `Broken` where the rest can't be verified."""
    known = {key_id_of(key): key for key in keys}
    wanted = dict(anchor.split(":", 1) for anchor in anchors)
    read = hashlib.sha256()
    rest = iter(lines)
    header = _parse(next(rest, b""), read)
    if header.get("format") != FORMAT:
        raise Broken("this is no export of the audit trail, or a later one")
    expected, previous = int(header["first"]), str(header["previous"])
    unknown: set[str] = set()
    count = 0
    for line in rest:
        so_far = read.hexdigest()
        entry = _parse(line, read)
        if "entries" in entry:
            key = known.get(str(entry["key_id"]))
            yield from _check_end(entry, header, count, expected - 1, so_far, key)
            yield from (f"entry {sequence}: not there, as an anchor says" for sequence in wanted)
            if next(rest, None) is not None:
                yield "there are lines after the last"
            return
        sequence, key = int(entry["sequence"]), known.get(str(entry["key_id"]))
        if sequence != expected:
            yield f"entry {sequence}: where entry {expected} should be"
        elif key is None:
            # Once per key: all that it signed would be listed otherwise.
            if entry["key_id"] not in unknown:
                unknown.add(str(entry["key_id"]))
                yield f"entry {sequence}: the key {entry['key_id']} is not at hand"
        elif not hmac.compare_digest(mac_of(entry, previous, key), str(entry["mac"])):
            yield f"entry {sequence}: altered"
        if wanted.pop(str(sequence), entry["mac"]) != entry["mac"]:
            yield f"entry {sequence}: not the one that an anchor names"
        # On from what is there, so that one altered entry is one problem and not all that follow.
        expected, previous, count = sequence + 1, str(entry["mac"]), count + 1
    raise Broken(f"the end is missing, after entry {expected - 1}")


def _parse(line: bytes, read: "hashlib._Hash") -> dict[str, Any]:
    read.update(line)
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Broken("a line is not JSON")
    return content


def _check_end(
    end: dict[str, Any], header: dict[str, Any], count: int, last: int, sha256: str, key: str | None
) -> Iterator[str]:
    if (end["entries"], header["last"]) != (count, last):
        yield f"{end['entries']} entries up to {header['last']} were written, {count} are there"
    if key is None:
        yield f"the key {end['key_id']}, which signed the file, is not at hand"
    elif not hmac.compare_digest(mac_of_file(sha256, key), str(end["mac"])):
        yield "the file as a whole is not what was written"


def main() -> int:
    """Verify the file named on the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--anchor", action="append", default=[], metavar="SEQ:MAC")
    options = parser.parse_args()
    try:
        current = os.environ.get("AUDIT_KEY") or getpass.getpass("Audit key: ")
    except EOFError:
        parser.error("AUDIT_KEY is not set, and there is no terminal to ask for it")
    former = os.environ.get("AUDIT_KEY_FALLBACKS", "").split(",")
    keys = [key for key in [current.strip(), *former] if key]
    found = 0
    try:
        for problem in problems(options.file, keys, options.anchor):
            found += 1
            print(problem)  # noqa: T201
    except (Broken, KeyError, TypeError, ValueError) as error:
        found += 1
        print(f"broken: {error}")  # noqa: T201
    print("NOT as written" if found else "verified: nothing altered, deleted or inserted")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
