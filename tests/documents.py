"""The documents, and what is in them: tables, blocks, code."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
README = ROOT / "README.md"
DOCS = ROOT / "docs"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def read(name: str) -> str:
    """Return the text of a document in `docs`."""
    return (DOCS / name).read_text()


@cache
def anchors_of(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of a document's titles."""
    # In blocks of commands, comments look like titles.
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def section(text: str, title: str) -> str:
    """Return what stands under a title of the second level."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of each row of the tables in a text, without their heads."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if re.match(r"\|[^-]", line) and not following.startswith("|---")
    ]


def names_in(text: str) -> list[str]:
    """Return the names in code in the first cells of the tables in a text."""
    return [name for row in rows_of(text) for name in re.findall(r"`(\w+)", row[0])]


def blocks(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of these languages."""
    return [body for language, body in FENCED.findall(text) if language in languages]


def code_in(text: str) -> str:
    """Return what a text has in code: between backticks, and in blocks of commands or Python."""
    # Fenced blocks go first, or their backticks would pair up with those in sentences.
    spans = re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", FENCED.sub("", text))
    return "\n".join([*spans, *blocks(text, "sh", "python", "")])
