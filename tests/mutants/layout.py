"""The folder in which mutmut works: links to the tree, and the spine as mutmut can mutate it."""

import os
import shutil
from pathlib import Path

import libcst as cst
from mutmut.utils.file_utils import walk_mutatable_files

FOLDER = Path(".mutants")
COPIED = {"billing", "webhooks"}
KNOWN = {"classmethod", "staticmethod"}


def lay_out() -> None:
    """Make the folder anew and go there: all that is made stays in it, and the tree as it was."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for path in Path().iterdir():
        if path.name in COPIED:
            shutil.copytree(path, FOLDER / path, ignore=shutil.ignore_patterns("__pycache__"))
        elif not path.name.startswith("."):
            (FOLDER / path).symlink_to(path.resolve())
    os.chdir(FOLDER)
    for path in walk_mutatable_files():
        path.write_text(cst.parse_module(path.read_text()).visit(_Undecorated()).code)


class _Undecorated(cst.CSTTransformer):
    """Let decorators stand after functions: mutmut passes over a function that has one."""

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        return False

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        names = [each.decorator for each in original_node.decorators]
        if not names or any(isinstance(each, cst.Name) and each.value in KNOWN for each in names):
            return updated_node
        decorated: cst.BaseExpression = updated_node.name
        for name in reversed(names):
            decorated = cst.Call(name, [cst.Arg(decorated)])
        after = cst.Assign([cst.AssignTarget(updated_node.name)], decorated)
        return cst.FlattenSentinel(
            [updated_node.with_changes(decorators=()), cst.SimpleStatementLine([after])]
        )
