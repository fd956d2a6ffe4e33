"""What may be in a book's YAML files: Pydantic models, the source of the JSON Schemas.

Ids, weeks, points and names have one type each here. What needs more than one file to judge is in
`validate.ALL_CHECKS`.
"""

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from qibi.base import points, weeks
from qibi.book.definitions import SUBJECT_KINDS
from qibi.book.words import STATUSES, UNITS

ID = r"[a-z0-9][a-z0-9-]{0,63}"
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
if TYPE_CHECKING:
    Status = str
    Unit = str
    SubjectKind = str
else:
    Status = Literal[tuple(STATUSES)]
    Unit = Literal[tuple(UNITS)]
    SubjectKind = Literal[SUBJECT_KINDS]


def _no_device(key: str) -> str:
    if _RESERVED.fullmatch(key):
        raise PydanticCustomError("id_reserved", "reserved by Windows")
    return key


def _real_week(text: str) -> str:
    if not weeks.is_week(text):
        raise PydanticCustomError("week", "not a week")
    return text


def _points(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("points_type", "not a number")
    if points.from_number(value) is None:
        raise PydanticCustomError("points", "not points")
    return Decimal(str(value))


def _days(value: Any) -> int:
    found = re.fullmatch(r"([0-9]{1,3})d", value) if isinstance(value, str) else None
    if not found:
        raise PydanticCustomError("days", "not a number of days")
    return int(found[1])


def _calendar_day(value: Any) -> str:
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise PydanticCustomError("date", "not a date")


Id = Annotated[
    str,
    Field(pattern=rf"^{ID}$", description="lower-case letters, digits and hyphens, at most 64"),
    AfterValidator(_no_device),
]
Week = Annotated[
    str,
    AfterValidator(_real_week),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[0-9]{4}-W[0-5][0-9]$",
            "description": "an ISO week: 2026-W41",
        }
    ),
]
Points = Annotated[
    Decimal,
    BeforeValidator(_points),
    WithJsonSchema(
        {
            "type": "number",
            "minimum": -9999.99,
            "maximum": 9999.99,
            "multipleOf": 0.01,
            "description": "points, with at most two decimals",
        }
    ),
]
Days = Annotated[
    int,
    BeforeValidator(_days),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,3}d$", "description": "days: 3d"}),
]
Date = Annotated[
    str,
    BeforeValidator(_calendar_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]
# A default that is not copied for each of ten thousand members, as Pydantic copies a list.
_EMPTY: dict[str, JsonValue] = {"default": []}
Text = Annotated[str, Field(min_length=1, max_length=500)]
ItemRef = Annotated[str, Field(pattern=rf"^({ID}\.)?{ID}$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Names(Model):
    """A name in one or both languages."""

    zh: Text | None = None
    en: Text | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> "Names":
        if not (self.zh or self.en):
            raise PydanticCustomError("name_empty", "no name")
        return self


Name = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Names, Tag("<names>")],
    Discriminator(lambda value: "<names>" if isinstance(value, dict | Names) else "<text>"),
]


class Choice(Model):
    """A unit, post or scorer."""

    id: Id
    name: Name | None = None


class Calendar(Model):
    score_by: Days | None = Field(
        None,
        description="entries recorded later than so many days after the week's Sunday are late",
    )
    meeting: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None
    objections: Days | None = Field(
        None, description="close waits so many days after the week's Sunday"
    )


class Red(Model):
    top: int = Field(ge=1)
    at_least: Points | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None


class Black(Model):
    bottom: int = Field(ge=1)
    below: Points | None = None
    remedy_due: Days | None = None


class ListPolicy(Model):
    red: Red | None = None
    black: Black | None = None


class Lists(Model):
    member: ListPolicy | None = None
    cp: ListPolicy | None = None
    branch: ListPolicy | None = None


class Words(Model):
    """What this book calls things."""

    branch: Name | None = None
    group: Name | None = None
    member: Name | None = None
    cp: Name | None = None
    red: Name | None = None
    black: Name | None = None


class Signer(Model):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: Id
    key: Text
    may: list[Literal["record", "close"]] = Field(min_length=1)
    branches: list[Id] | None = None
    since: Week | None = Field(None, alias="from")
    until: Week | None = None
    revoked: Week | None = None


class BookFile(Model):
    """qibi.yaml: the organisation, its calendar, units, posts, list policy and words."""

    id: Id
    name: Name | None = None
    language: Literal["zh-CN", "en"] = "zh-CN"
    timezone: Text = "Asia/Shanghai"
    calendar: Calendar = Calendar()
    units: list[Choice] = []
    posts: list[Choice] = []
    lists: Lists = Lists()
    words: Words = Words()
    keep_sheets: bool = Field(
        True,
        description="whether the score sheets that were read are archived in the book, in sheets/",
    )
    private_names: bool | None = Field(
        None, description="whether names are in names.yaml only, which is never committed"
    )
    signers: list[Signer] = []


class Span(Model):
    """Points that one event may give."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    lowest: Points = Field(alias="from")
    highest: Points = Field(alias="to")


def _form_of_points(value: Any) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<range>" if isinstance(value, dict | Span) else "<number>"


ItemPoints = Annotated[
    Annotated[Points, Tag("<number>")]
    | Annotated[list[Points], Field(min_length=1), Tag("<list>")]
    | Annotated[Span, Tag("<range>")],
    Discriminator(_form_of_points),
]


class Veto(Model):
    """What an entry on this item does to the criterion or to the week's total."""

    criterion: Points | None = None
    total: Points | None = None
    total_at_most: Points | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Veto":
        if sum(v is not None for v in (self.criterion, self.total, self.total_at_most)) != 1:
            raise PydanticCustomError("veto", "one of three")
        return self


class Item(Model):
    """An item of a criterion: what happened, and the points it gives."""

    id: Id
    name: Name | None = None
    points: ItemPoints
    per: Unit | None = None
    cap: Points | None = Field(None, description="the most of one week; it has the points' sign")
    only_highest: bool = False
    excludes: list[ItemRef] = Field([], description="items credited 0 where this one has entries")
    evidence: Literal["required"] | None = None
    scorer: Id | None = None
    origin: Text | None = None
    auto: Literal["milestone", "late-entry"] | None = None
    veto: Veto | None = None

    @field_validator("veto", mode="before")
    @classmethod
    def _names_something(cls, value: object) -> object:
        return {} if value is None else value  # `veto:` with nothing behind it is not a veto


class Criterion(Model):
    id: Id
    name: Name | None = None
    short: Name | None = None
    applies_to: list[SubjectKind] = Field(min_length=1)
    base: Points
    min: Points
    max: Points
    scoring: Literal["direct", "items"] = "items"
    judges: Literal["mean", "latest"] | None = Field(
        None,
        description="with scoring: direct, what counts of two judges' scores on one sheet; else they are refused",
    )
    scorer: Id | None = None
    items: list[Item] = []


class Total(Model):
    min: Points
    max: Points


class Grade(Model):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: Id
    name: Name | None = None
    lowest: Points = Field(alias="from")


class Alerts(Model):
    watch: Points | None = None
    warn: Points | None = None


class Weights(Model):
    own: Annotated[Points, Field(ge=0)] = Decimal(0)
    members: Annotated[Points, Field(ge=0)] = Decimal(0)


class Rollup(Model):
    branch: Weights | None = None
    cp: Weights | None = None


class SchemeFile(Model):
    """scheme/<week>.yaml: one version of the scoring rules, in force from that week."""

    name: Name | None = None
    total: Total
    period_total: Literal["sum", "mean"] = "sum"
    min_weeks: Annotated[float, Field(ge=0, le=1)] = 0
    eligible: list[Status] | None = None
    second_from: Annotated[Points, Field(gt=0)] | None = None
    grades: list[Grade] = []
    alerts: Alerts = Alerts()
    scorers: list[Choice] = []
    criteria: list[Criterion] = Field(min_length=1)
    rollup: Rollup = Rollup()


class Group(Model):
    id: Id
    name: Name | None = None
    attached_to: list[Text] = []
    since: Week | None = None
    until: Week | None = None


class Member(Model):
    """A person in this branch, from `since` to `until` (weeks, both included)."""

    id: Id
    name: Name | None = None
    status: Status = "full"
    unit: Id | None = None
    group: Id | None = None
    posts: list[Id] = Field(default_factory=list, json_schema_extra=_EMPTY)
    mentor: Id | None = None
    attached_to: list[Text] = Field(default_factory=list, json_schema_extra=_EMPTY)
    since: Week | None = None
    until: Week | None = None


class CP(Model):
    """A project's paired leads: role to member id, two or more."""

    id: Id
    name: Name | None = None
    members: dict[Id, Id] = Field(min_length=2)
    since: Week | None = None
    until: Week | None = None


class BranchFile(Model):
    """branches/<branch>.yaml: a branch with its groups, members and CPs."""

    id: Id
    name: Name | None = None
    section: Text | None = None
    department: Text | None = None
    since: Week | None = None
    until: Week | None = None
    groups: list[Group] = []
    members: list[Member] = []
    cps: list[CP] = []


class Milestone(Model):
    id: Id
    name: Name | None = None
    due: Date


class Task(Model):
    id: Id
    name: Name | None = None
    milestones: list[Milestone] = []


class LayoutMatch(Model):
    """Which sheets a layout is for: all that is stated must agree."""

    branch: Id | Annotated[list[Id], Field(min_length=1)] | None = None
    file: Text | None = Field(None, description="the file's name; * stands for any text")
    headings: list[Text] = Field([], description="headings that the sheet has, among others")

    @model_validator(mode="after")
    def _at_least_one(self) -> "LayoutMatch":
        if not (self.branch or self.file or self.headings):
            raise PydanticCustomError("match_empty", "nothing to match")
        return self


class LayoutFile(Model):
    """layouts/<name>.yaml: how a team's own score sheet is read."""

    match: LayoutMatch
    headings: dict[Text, Text] = Field(
        {},
        description="the sheet's heading: a field (name, item, points, count, note, ...), an item, or a criterion that is scored directly",
    )
    words: dict[Text, Text] = Field(
        {},
        description="what is in a cell: an item, leave (for the whole week), or nothing; of a name whose it is, an id",
    )
    numbers: dict[Text, Literal["count", "points", "score", "difference"]] = Field(
        {}, description="the sheet's heading: what the bare numbers of that column are"
    )
    leave_out: list[Text] = Field(
        [], description="headings of columns, and beginnings of rows, that are not read"
    )


class PlanFile(Model):
    """plans/<cp>.yaml: a CP's task list, route and timetable."""

    cp: Id
    tasks: list[Task] = []
