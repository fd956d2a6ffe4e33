"""Findings: what is wrong in a file, where, and what to do about it.

Bad data is a collected finding; being unable to go on is `Refusal`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake at one place. `message` says what is wrong and what to do."""

    path: str
    line: int = 0  # from 1; 0 where the whole file is meant
    column: int = 0  # from 1; 0 where the whole line is meant
    message: str = ""
    cell: str = ""  # in a spreadsheet: `Sheet1!D7`
    shown: str = ""  # the line itself
    code: str = ""  # the check that found it
    about: tuple[
        tuple[str, str], ...
    ] = ()  # the digests of what it is about, where it is bound to any
    # The SHA-256 of the bytes that belong at `path`, where others or none are there; empty where the name
    # tells. `message` does not say yet what restores them: `ledger/restore.py` does, once, at the edge.
    lost: str | None = field(default=None, compare=False)
    # Where in the line it is, of what has no column that people know: the cells of a csv.
    order: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """`path:line:column`, as far as known; `path:Sheet1!D7` for a cell of a workbook."""
        if self.cell:
            return f"{self.path}:{self.cell}"
        parts = [self.path, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Refusal(Exception):
    """The command can't go on: what stopped it, and what to do (`advice`).

    `code` is the exit code: 1 for input that can be corrected, 2 where the command cannot run.
    """

    def __init__(self, message: str, advice: str = "", code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code


class Faults(Exception):
    """Input refused because of findings, all of them (exit code 1)."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = sorted(set(findings), key=lambda f: (f.path, f.line, f.column, f.order, f))
        super().__init__("; ".join(str(f) for f in self.findings[:5]))

    def __reduce__(self) -> tuple[type["Faults"], tuple[list[Finding]]]:
        return Faults, (self.findings,)  # from a worker process
