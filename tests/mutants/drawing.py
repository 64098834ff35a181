"""Which mutants there are, by mutmut's names, and which of them are drawn."""

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.file_mutation import create_mutations, group_by_top_level_node
from mutmut.mutation.trampoline_templates import mangle_function_name
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name

HINT = m.Call(
    func=m.Attribute(
        attr=m.Name("defer") | m.Name("iterator") | m.Name("only") | m.Name("select_related")
    )
)
"""Calls that say how rows are read, and never which or what is in them."""


def draw(number: str, seed: int, of: str) -> dict[str, Path]:
    """Return the mutants to try, each with its file: as many as asked for, or `all`.

    They come from each package alike, and fewer are the first of more. `of` is a file or a folder
    of the spine; empty, it is the whole. Raises `SystemExit` where there is nothing to mutate.
    """
    found: dict[str, list[tuple[str, Path, bool]]] = defaultdict(list)
    for path in sorted(walk_mutatable_files()):
        if str(path).startswith(of):
            found[package(path)] += [(name, path, is_hint) for name, is_hint in _names(path)]
    if not found:
        raise SystemExit(f"{of}: the spine, as pyproject.toml has it, has nothing there to mutate")
    for mutants in found.values():
        random.Random(seed).shuffle(mutants)  # noqa: S311
    share = None if number == "all" else -(-int(number) // len(found))
    # Left out in the order that there is: what comes to be known as a hint moves no other.
    telling = ([(name, path) for name, path, hint in all_ if not hint] for all_ in found.values())
    return dict(mutant for mutants in telling for mutant in mutants[:share])


def package(path: Path) -> str:
    """Return the part of the spine that a file is counted with."""
    return "/".join(path.with_suffix("").parts[:2])


def _names(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the mutants of a file, and whether each changes a hint alone."""
    module, mutations, *_ = create_mutations(str(path), path.read_text())
    grouped = group_by_top_level_node(mutations)
    calls = m.findall(module, HINT)
    hints = {id(node) for call in calls for node in (call, *_within(*call.args))}
    for function, owner in _functions(module):
        stem = mangle_function_name(name=function.name.value, class_name=owner)
        for number, mutation in enumerate(grouped.get(function, ()), 1):
            node = mutation.original_node
            if not _is_wording(node):
                yield get_mutant_name(path, f"{stem}__mutmut_{number}"), id(node) in hints


def _within(*nodes: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for node in nodes:
        yield node
        yield from _within(*node.children)


def _functions(module: cst.Module) -> Iterator[tuple[cst.FunctionDef, str | None]]:
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef):
            yield statement, None
        elif isinstance(statement, cst.ClassDef):
            for each in statement.body.body:
                if isinstance(each, cst.FunctionDef):
                    yield each, statement.name.value


def _is_wording(node: cst.CSTNode) -> bool:
    """Tell whether it is a text for people: one with a space in it."""
    return isinstance(node, cst.SimpleString) and " " in node.value
