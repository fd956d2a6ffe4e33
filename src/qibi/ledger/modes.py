"""Modes of a book's files: none is a program, whatever a file system of another machine shows."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from qibi.ledger.git import Git
from qibi.ledger.held import PLAIN, Held, files_of

_PROGRAM = 0o111


def put_right(root: Path, git: Git) -> None:
    """Make each file of a book a plain one: on disk where that can be, and in git's index.

    SMB and WSL show every file as a program; what is added by hand there stands so in the index. What is
    committed so is left: `Held.committed` names it, with what to do.
    """
    there = list(files_of(root))
    for path in there if sys.platform != "win32" else ():
        mode = os.lstat(root / path).st_mode
        if mode & _PROGRAM:
            with suppress(OSError):  # such a file system refuses; for git it is put right below
                (root / path).chmod(mode & 0o777 & ~_PROGRAM)
    held = Held(root, git)
    staged = (p for p in there if p in held.index and held.index[p].mode == "100755")
    programs = [p for p in staged if p not in held.head or held.head[p].mode == PLAIN]
    if programs:
        given = "\0".join(programs).encode("utf-8", "surrogateescape")
        git.read("update-index", "--chmod=-x", "-z", "--stdin", given=given)
