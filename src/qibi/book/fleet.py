"""fleet.yaml: which books are ranked together, and how their weeks add up."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _
from qibi.book.models import Model, Name, Text
from qibi.book.validate import findings_of
from qibi.book.yaml import parse

FLEET = "fleet.yaml"


def _a_place(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("fleet", _("a path or address can't contain a null character"))
    return text


Place = Annotated[Text, AfterValidator(_a_place)]


class Source(Model):
    """Where books are: a folder or a pattern of folders, or a book in a git repository."""

    path: Place | None = None
    git: Place | None = None
    revision: Place | None = None
    book: Place | None = None
    trust: Place | None = None
    accept_acknowledged: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        if (self.path is None) == (self.git is None):
            raise PydanticCustomError("fleet", _("a book has exactly one of: path, git"))
        if self.path is not None and (self.revision or self.book):
            raise PydanticCustomError("fleet", _("revision and book go with git only"))
        for text in (self.git, self.revision, self.book):
            if text and text.startswith("-"):
                raise PydanticCustomError("fleet", _("it can't begin with a hyphen"))
        if self.book and (self.book.startswith("/") or ".." in self.book.split("/")):
            raise PydanticCustomError("fleet", _("book is a folder inside the repository"))
        return self


class FleetFile(Model):
    """fleet.yaml: books that are ranked together."""

    name: Name | None = None
    books: list[Source] = Field(min_length=1)
    lake: Place = "lake"
    period_total: Literal["mean", "sum"] = "mean"
    min_weeks: Annotated[float, Field(ge=0, le=1)] = 0


def read_fleet(path: Path, shown: str) -> FleetFile:
    """What a fleet.yaml says; raises `Refusal` where it can't be read, `Faults` for what is wrong in it.

    `shown` is how the reader would write the path.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise Refusal(
            _("there is no fleet here: {path}").format(path=shown),
            _("write one: books: [{path: ../books/*}]; see docs/fleet.md"),
        ) from None
    except OSError as error:
        raise Refusal(
            _("{path} can't be read: {reason}").format(path=shown, reason=error.strerror),
            _("check the file and its permissions"),
        ) from None
    document = parse(shown, raw)
    if isinstance(document, Finding):
        raise Faults([document])
    if document.data is None:
        message = _("the file is empty; fill it in or delete it")
        raise Faults([document.finding((), message, "empty")])
    adapter = TypeAdapter(FleetFile)
    try:
        return adapter.validate_python(document.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise Faults(findings_of(document, errors, adapter)) from None
