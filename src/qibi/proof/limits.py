"""How much of a repository an audit takes on, and git within that: far above any book, below what stops a machine.

A repository of a few kilobytes can unpack to more than any disk holds (a tree with entries that are all one
tree, a gigabyte of zeros, deltas upon deltas). So sizes are asked for before contents, what git prints is
counted before it is held, and git has a time to be done by and memory of its own. What may grow with a
book grows with the bytes that it has on disk: whoever sends a lot may have a lot looked at.
"""

import math
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.ledger.git import Git, not_installed

MIB = 1 << 20
# A book of twelve years with 18 branches has 71,000 objects, 12 MiB on disk and 82 MiB unpacked, a file of 0.1 MiB
# at most, folders of 0.03 MiB, commits of 0.3 KiB.
OBJECTS = 5_000_000
LARGEST = {"commit": MIB, "tag": MIB, "tree": 32 * MIB, "blob": 512 * MIB}  # bytes of one object
# Bytes, and how many times what is on disk may come on top.
UNPACKED = 2048 * MIB, 50  # all objects, which git fsck reads one by one
HELD = 64 * MIB, 20  # contents that are held in memory at once: definitions, batches, seals
LISTED = 16 * MIB, 4  # a list of files, commits or changes
MEMORY = 160 * MIB, 2  # of one git process
SECONDS, SECONDS_A_MIB = 30.0, 2.0  # for all that git does, on a slow machine too
_PIECE = 1 << 16
_MOST_WORDS = 1 << 16  # bytes of what git says is wrong
_OUT_OF_MEMORY = ("out of memory", "cannot allocate memory", "malloc failed", "mmap failed")


def too_large(what: str) -> Refusal:
    """The refusal of a repository that is not a book."""
    return Refusal(
        _("too large to audit: {what}").format(what=what),
        _(
            "no book comes near that (limits: docs/audit.md): ask the repository's maintainer, or audit one that holds only the book"
        ),
    )


def size(count: int) -> str:
    """A number of bytes, for people."""
    return f"{count / MIB:,.0f} MiB" if count >= MIB else f"{count / 1024:,.0f} KiB"


@dataclass
class Output:
    """What a git process prints; its complaints and exit code, once it has ended."""

    stream: IO[bytes]
    words: bytearray
    code: int = 0
    cut_off: bool = False  # whoever read it stopped before its end


@dataclass
class Bounded:
    """Runs git for an audit, within limits that grow with the bytes on disk."""

    git: Git
    disk: int = 0
    spent: float = 0.0  # seconds that git ran, also where two ran at once
    _running: set["Popen[bytes]"] = field(default_factory=set)

    def most(self, limit: tuple[int, int]) -> int:
        """A limit for a repository of this size."""
        base, times = limit
        return base + times * self.disk

    @contextmanager
    def output(
        self, *arguments: str, given: bytes = b"", may_fail: bool = False
    ) -> Iterator[Output]:
        """What git prints, to be read; raises `Refusal` where it fails, or takes too much.

        Whoever stops reading before the end ends git. Where it `may_fail`, its exit code says so.
        """
        try:
            process = Popen(
                self.git.command(*arguments),
                cwd=self.git.folder,
                env=self.git.environment,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
            )
        except FileNotFoundError:
            raise not_installed() from None
        memory = self.most(MEMORY)
        _limit(process.pid, memory)
        self._running.add(process)
        assert process.stdin and process.stdout and process.stderr
        late = threading.Event()
        seconds = SECONDS + SECONDS_A_MIB * self.disk / MIB

        def stop() -> None:
            late.set()
            process.kill()

        begun_at = time.monotonic()
        timer = threading.Timer(max(0.0, seconds - self.spent), stop)
        found = Output(process.stdout, bytearray())
        others = [
            threading.Thread(target=_feed, args=(process.stdin, given)),
            threading.Thread(target=_listen, args=(process.stderr, found.words)),
        ]
        begun = []
        failed: Exception | None = None
        try:
            for thread in (timer, *others):
                thread.daemon = True
                thread.start()
                begun.append(thread)
            yield found
            found.cut_off = bool(process.stdout.read(1))
        except Exception as error:
            failed = error  # what git says of its end is the better reason
            process.kill()
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
            process.stdout.close()
            code = found.code = process.wait()
            for thread in begun:
                thread.join()
            self._running.discard(process)
            self.spent += time.monotonic() - begun_at
        if late.is_set():
            text = _("git {command} did not finish within {count} seconds")
            raise too_large(text.format(command=arguments[0], count=f"{seconds:.0f}")) from None
        if failed:
            raise failed
        if code == 0 or found.cut_off:
            return
        message = found.words.decode("utf-8", "replace").strip()
        if code == -9 or any(sign in message.casefold() for sign in _OUT_OF_MEMORY):
            text = _("git {command} needs more than {size} of memory")
            raise too_large(text.format(command=arguments[0], size=size(memory)))
        if code == -11:  # SIGSEGV: it goes down into folders by calling itself
            text = _("git {command} ran out of stack; folders are nested thousands deep")
            raise too_large(text.format(command=arguments[0]))
        if code < 0:
            message = _("it was killed (signal {number})").format(number=-code)
        if code < 0 or not may_fail:
            text = _("git {command} failed: {words}")
            raise self.git.damaged_index(message) or Refusal(
                text.format(command=arguments[0], words=message)
            )

    def read(
        self,
        *arguments: str,
        what: str = "",
        given: bytes = b"",
        limit: tuple[int, int] = LISTED,
        may_fail: bool = False,
    ) -> bytes:
        """All that git prints; raises `Refusal` as `output`, and where it is more than the limit.

        What is more than the limit of a small repository is counted first, and held only then.
        """
        most = self.most(limit)
        whole = self._held(limit[0], most, what, arguments, given, may_fail)
        if whole is None:
            whole = self._held(most, most, what, arguments, given, may_fail)
        assert whole is not None
        return whole

    def _held(
        self,
        hold: int,
        most: int,
        what: str,
        arguments: tuple[str, ...],
        given: bytes,
        may_fail: bool,
    ) -> bytes | None:
        held, count = bytearray(), 0
        with self.output(*arguments, given=given, may_fail=may_fail) as found:
            while piece := found.stream.read(_PIECE):
                count += len(piece)
                if count > most:
                    text = _("{what}: more than {size}, with {disk} on disk").format(
                        what=what or f"git {arguments[0]}", size=size(most), disk=size(self.disk)
                    )
                    raise too_large(text)
                if count <= hold:
                    held += piece
                else:
                    held.clear()
        return bytes(held) if count <= hold else None

    def complaints(self, *arguments: str) -> list[str]:
        """The lines that git prints where it finds fault, as many as anybody reads; none where it does not."""
        with self.output(*arguments, may_fail=True) as found:
            text = found.stream.read(_MOST_WORDS)
        if found.code == 0 and not found.cut_off:
            return []
        lines = (bytes(found.words) + text).decode("utf-8", "surrogateescape").strip().splitlines()
        return lines or [_("git {command} failed: {words}").format(command=arguments[0], words="")]

    def stop(self) -> None:
        """End what still runs, and what would begin: nobody waits for it any more."""
        self.spent = math.inf
        for process in list(self._running):
            process.kill()

    def measure(self) -> None:
        """Ask for the number and sizes of all objects; raises `Refusal` for what no book has."""
        counted = self.read("count-objects", "-v").decode("utf-8", "replace")
        rows = dict(line.split(": ", 1) for line in counted.splitlines() if ": " in line)
        self.disk = 1024 * (int(rows["size"]) + int(rows["size-pack"]))
        if "alternate" in rows:  # objects of another repository on this machine
            packs = Path(self.git.folder, rows["alternate"], "pack").glob("*.pack")
            self.disk += sum(path.stat().st_size for path in packs)
        objects = int(rows["count"]) + int(rows["in-pack"])
        if objects > OBJECTS:
            text = _("{count} objects; the limit is {most}")
            raise too_large(text.format(count=f"{objects:,}", most=f"{OBJECTS:,}"))
        total, most = 0, self.most(UNPACKED)
        asked = ("--batch-all-objects", "--unordered", "--buffer")
        form = "--batch-check=%(objecttype) %(objectsize) %(objectname)"
        with self.output("cat-file", *asked, form) as found:
            while lines := found.stream.readlines(_PIECE):
                fields = b"".join(lines).split()
                if len(fields) != 3 * len(lines):  # a damaged one: git fsck says what is the matter
                    fields = [f for line in lines if len(row := line.split()) == 3 for f in row]
                sizes = list(map(int, fields[1::3]))
                total += sum(sizes)
                if max(sizes, default=0) > min(LARGEST.values()):
                    _refuse_large(zip(fields[::3], sizes, fields[2::3], strict=True))
                if total > most:
                    text = _("its objects unpacked: more than {size}, with {disk} on disk")
                    raise too_large(text.format(size=size(most), disk=size(self.disk)))


def _refuse_large(rows: Iterable[tuple[bytes, int, bytes]]) -> None:
    """Raises `Refusal` where one of these objects (kind, bytes, id) is larger than any of a book."""
    for kind, count, key in rows:
        if count > (most := LARGEST.get(kind.decode(), 0)):
            text = _("{kind} {id} has {size}; the limit is {most}").format(
                kind=kind.decode(), id=key.decode()[:12], size=size(count), most=size(most)
            )
            raise too_large(text)


def _limit(process: int, memory: int) -> None:
    """Give a process so much memory of its own; files that it only maps are not counted. Linux alone can."""
    try:
        from resource import RLIMIT_DATA, prlimit
    except ImportError:
        return
    with suppress(OSError):  # it has ended already
        prlimit(process, RLIMIT_DATA, (memory, memory))


def _feed(stream: IO[bytes], given: bytes) -> None:
    with suppress(OSError), stream:  # git may end before it has read all
        stream.write(given)


def _listen(stream: IO[bytes], words: bytearray) -> None:
    with suppress(OSError, ValueError), stream:
        while piece := stream.read(_PIECE):
            words += piece[: _MOST_WORDS - len(words)]
