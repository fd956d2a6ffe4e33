"""How a file that is not what it was comes back: the command, by where git has the bytes that belong there.

Git is asked only where there is a finding: its index, HEAD, then every commit that a ref or a reflog leads to,
then objects that no commit has, as those of a commit that a hook spoiled.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, clauses
from qibi.base.plain import read_plain
from qibi.base.text import argument
from qibi.book.load import ENDINGS
from qibi.ledger.batches import LEDGER
from qibi.ledger.git import Git, folders
from qibi.ledger.kept_sheets import sha256_in
from qibi.ledger.seals import acknowledgement_number, named, parse_acknowledgement, parse_seal
from qibi.ledger.signers import parse_record, record_number

_HEADER = re.compile(rb"[0-9a-f]{40,64} blob ([0-9]+)")
_BATCH = re.compile(rf"{LEDGER}/.+-([0-9a-f]{{16}})\.jsonl", re.DOTALL)
_AT_ONCE = 500  # files
_LARGEST = 1 << 26  # bytes of an object that is looked into


def advised(findings: Iterable[Finding], root: Path, git: Git | None) -> list[Finding]:
    """The findings; of each file that is not what it was (`Finding.lost`) the first says what restores it."""
    result = list(findings)
    lost: dict[str, str] = {}
    for finding in result:
        if finding.lost is not None:
            lost[finding.path] = lost.get(finding.path) or finding.lost
    advice = how(lost, root, git) if lost else {}
    return [
        replace(f, message=clauses([f.message, *filter(None, [advice.pop(f.path, "")])]), lost=None)
        if f.lost is not None
        else f
        for f in result
    ]


def how(lost: Mapping[str, str], root: Path, git: Git | None, nowhere: str = "") -> dict[str, str]:
    """Path: what restores it, of files of the book and the SHA-256 that each has to have (empty: see `_Wanted`).

    `nowhere` is said instead where git has a file nowhere.
    """
    try:
        if git is not None and git.repository() is not None:
            return _Search(root, git, nowhere).run(
                [_Wanted(path, sha256) for path, sha256 in lost.items()]
            )
    except Refusal:  # whoever reads git for itself says why
        pass
    return dict.fromkeys(lost, nowhere or _("restore it from another clone or a backup"))


@dataclass(frozen=True)
class _Wanted:
    """A file to restore. Without a SHA-256 its name tells what it has to hold; a seal has to be one."""

    path: str
    sha256: str

    @property
    def digest(self) -> str:
        """What the SHA-256 begins with; empty where it is not known."""
        match = _BATCH.fullmatch(self.path)
        return self.sha256 or (match[1] if match else sha256_in(self.path) or "")

    def is_it(self, raw: bytes | None) -> bool:
        """Whether these bytes belong there, as far as can be told."""
        if raw is None:
            return False
        if self.digest:
            return hashlib.sha256(raw).hexdigest().startswith(self.digest)
        if named(self.path):
            return not isinstance(parse_seal(self.path, raw), Finding)
        if acknowledgement_number(self.path):
            return not isinstance(parse_acknowledgement(self.path, raw), Finding)
        if record_number(self.path):
            return not isinstance(parse_record(self.path, raw), Finding)
        return True


@dataclass
class _Search:
    root: Path
    git: Git
    nowhere: str = ""
    commits: list[str] = field(
        default_factory=list
    )  # that had one of these files: the next is likely there

    def run(self, wanted: Sequence[_Wanted]) -> dict[str, str]:
        """Path: what restores it."""
        result = {}
        for at in range(0, len(wanted), _AT_ONCE):
            part = wanted[at : at + _AT_ONCE]
            held = self._blobs([f"{place}:./{one.path}" for one in part for place in ("", "HEAD")])
            for one in part:
                result[one.path] = self._advice(one, next(held), next(held))
        return result

    def _advice(self, one: _Wanted, staged: bytes | None, head: bytes | None) -> str:
        """What restores a file; empty where there is nothing to restore."""
        here = self._here(one.path)
        path = argument(one.path)
        commit = f"git commit -m restored -- {path}"
        if one.is_it(here):
            if head is not None and not one.is_it(head):
                return _("commit it as it is: {command}").format(command=commit)
            if one.digest:
                return ""
        for place, raw in (("", staged), ("HEAD ", head)):
            if raw != here and one.is_it(raw):
                return _("restore it: {command}").format(command=f"git checkout {place}-- {path}")
        if made := self._commit_with(one, here):
            command = f"git checkout {made[:12]} -- {path}"
            if not self._merging:  # that ends with a commit of all
                command += f"; {commit}"
            return _("restore it: {command}").format(command=command)
        if one.digest and (name := self._object(one.digest)):
            return _("restore it: {command}").format(command=from_object(self.git, name, one.path))
        if self.git.run("rev-parse", "--is-shallow-repository").stdout.strip() == "true":
            return _(
                "this clone has only part of the history; get all of it, then run the same command again: git fetch --unshallow"
            )
        if self.nowhere:
            return self.nowhere
        proven = bool(one.sha256)  # by a seal or an entry, which an audit compares it with
        if not proven and staged is None and head is None and _BATCH.fullmatch(one.path):
            return _(
                "git does not have the original: copy it from a backup, or remove it and record its entries again"
            )
        if (head is None and not proven) or one.path.endswith(ENDINGS):
            return _("git does not have the original: copy it from another clone or a backup")
        return _(
            "git does not have the original: copy it from another clone or a backup; without one, explain what 'qibi audit' then finds: qibi acknowledge ID --reason TEXT --approved-by WHO"
        )

    def _here(self, path: str) -> bytes | None:
        try:
            return read_plain(f"{self.root}/{path}")
        except OSError:
            return None

    @cached_property
    def _merging(self) -> bool:
        return self.git.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").returncode == 0

    def _commit_with(self, one: _Wanted, here: bytes | None) -> str:
        """The latest commit in which a file is what it has to be, and not as it is here; empty where none."""
        for commit in (*self.commits, *self._commits_of(one.path)):
            (raw,) = self._blobs([f"{commit}:./{one.path}"])
            if raw != here and one.is_it(raw):
                if commit not in self.commits:
                    self.commits.append(commit)
                return commit
        return ""

    def _commits_of(self, path: str) -> Iterator[str]:
        arguments = ("--literal-pathspecs", "rev-list", "--all", "--reflog", "--full-history")
        yield from self.git.run(*arguments, "--", path).stdout.split()

    def _blobs(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """What each of these names (`HEAD:./path`) stands for; None where for no blob."""
        given = "".join(name.replace("\n", "\0") + "\n" for name in names)
        out = self.git.read("cat-file", "--batch", given=given.encode("utf-8", "surrogateescape"))
        at = 0
        for _name in names:
            line = out[at : out.index(b"\n", at)]
            at += len(line) + 1
            if header := _HEADER.fullmatch(line):
                yield out[at : at + int(header[1])]
                at += int(header[1]) + 1
            else:
                yield None

    def _object(self, digest: str) -> str:
        """The id of a loose object whose bytes have a SHA-256 that begins so; empty where there is none."""
        return next((name for sha256, name in self._loose.items() if sha256.startswith(digest)), "")

    @cached_property
    def _loose(self) -> dict[str, str]:
        result = {}
        for file in (folders(self.git)[1] / "objects").glob("[0-9a-f][0-9a-f]/*"):
            try:
                raw = zlib.decompressobj().decompress(file.read_bytes(), _LARGEST)
            except (OSError, zlib.error):
                continue  # damaged or gone by now: nothing to restore from
            kind, _nul, content = raw.partition(b"\0")
            if kind.startswith(b"blob "):
                result[hashlib.sha256(content).hexdigest()] = file.parent.name + file.name
        return result


def from_object(git: Git, name: str, path: str) -> str:
    """The command that writes an object of git's to a file of the book, in any shell."""
    prefix = git.run("rev-parse", "--show-prefix").stdout.removesuffix("\n")
    placed = argument(f"100644,{name},{prefix}{path}")
    return f"git update-index --add --cacheinfo {placed}; git checkout -- {argument(path)}"
