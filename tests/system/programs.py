"""The programs of Debian's that are needed here; as a program, say which packages are missing."""

import argparse
import shutil
import sys
from typing import Final

PACKAGES: Final = {
    "chromium": "chromium",
    "nginx": "nginx",
    "prometheus": "prometheus",
    "systemd-analyze": "systemd",
}
"""By program, Debian's package."""


def found(program: str) -> str:
    """Return a program's path; empty when it is not there."""
    # An ordinary user's search path leaves out the folder where Debian has its servers.
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin") or ""


def main() -> None:
    """Name the packages that are missing on one line; exit with status 1 if there are any."""
    parser = argparse.ArgumentParser(prog="tests.system.programs", description=__doc__)
    parser.add_argument("--bare", action="store_true", help="print their names alone")
    is_bare = parser.parse_args().bare
    missing = " ".join(package for program, package in PACKAGES.items() if not found(program))
    if missing:
        sys.exit(missing if is_bare else f"Needed here: apt-get install -y {missing}")


if __name__ == "__main__":
    main()
