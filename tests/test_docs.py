"""What the documents say is there, is there."""

import ast
import re

import pytest
from django.conf import settings

DOCUMENT = settings.BASE_DIR / "docs" / "security.md"
PROOFS = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT.read_text())))


@pytest.mark.parametrize(("file", "name"), PROOFS)
def test_every_proof_of_security_is_a_test(file: str, name: str) -> None:
    tree = ast.parse((settings.BASE_DIR / file).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name.startswith("test_")
    assert name in functions


def test_every_threat_has_its_proof() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in DOCUMENT.read_text().split("## Threats")[1].split("\n## ")[0].splitlines()
        if line.startswith("| ") and not line.startswith("| *")
    ]
    without = [
        row[0] for row in rows[1:] if len(row) != 3 or not re.search("::test_|TBD-|make", row[2])
    ]
    assert len(rows) > 40
    assert without == []
