"""The fuzzer begins with inputs that are fine, and has an eye for what is not."""

import json

import pytest

from tests.fuzz.breeding import seeds
from tests.fuzz.target import STRANGER, feed

pytestmark = pytest.mark.one_database


def test_every_seed_is_readable() -> None:
    for seed in seeds():
        feed(seed)


def test_seeds_are_snapshots_and_thin_events() -> None:
    lines = [line for seed in seeds() for line in seed.split(b"\n") if line.startswith(b"{")]

    assert {json.loads(line).get("object") for line in lines} >= {"event", "v2.core.event"}


def test_accepted_forgeries_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hmac.compare_digest", lambda *_: True)
    with pytest.raises(AssertionError, match="nobody had signed it"):
        feed(STRANGER + b"t=1767225600,v1=0\n" + b'{"id": "evt_1", "type": "a"}')
