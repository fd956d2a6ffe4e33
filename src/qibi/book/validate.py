"""From YAML files to `Definitions`, or to every finding there is."""

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from qibi.base import weeks
from qibi.base.findings import Faults, Finding
from qibi.base.language import _, many
from qibi.base.text import closest
from qibi.book import definitions as d
from qibi.book import models as m
from qibi.book.crosschecks import ALL_CHECKS
from qibi.book.explain import explain
from qibi.book.files import Files, Read
from qibi.book.load import Source
from qibi.book.yaml import Document, Loc, parse

M = TypeVar("M", bound=BaseModel)
_MOST_FINDINGS = 200  # of one file in its model, and of one cross-check


def validate(sources: list[Source]) -> d.Definitions:
    """The definitions in these files; raises `Faults` with all mistakes in all of them."""
    files, findings = read(sources)
    for check in ALL_CHECKS:
        findings += islice(check(files), _MOST_FINDINGS)
    if findings:
        raise Faults(findings)
    return _Builder(files).build()


def read(sources: list[Source]) -> tuple[Files, list[Finding]]:
    """Each file through YAML and its model: what came through, and the findings."""
    files, findings = Files(), []
    for source in sources:
        document = parse(source.path, source.raw)
        if isinstance(document, Finding):
            findings.append(document)
            files.unreadable.append(source.path)
            continue
        findings += _through_model(document, files)
    return files, findings


def _through_model(document: Document, files: Files) -> list[Finding]:
    folder = document.path.split("/")[0]
    files.note_ids(folder, document.data)
    adapter: TypeAdapter[Any]
    target: list[Any]
    match folder:
        case "qibi.yaml":
            adapter, target = TypeAdapter(m.BookFile), files.books
        case "names.yaml":
            adapter, target = TypeAdapter(dict[m.Id, m.Name]), files.names
        case "scheme":
            adapter, target = TypeAdapter(m.SchemeFile), files.schemes
        case "branches":
            adapter, target = TypeAdapter(m.BranchFile), files.branches
        case _:
            adapter, target = TypeAdapter(m.PlanFile), files.plans
    if document.data is None:
        return [document.finding((), _("the file is empty; fill it in or delete it"), "empty")]
    try:
        target.append(Read(document, adapter.validate_python(document.data)))
    except ValidationError as error:
        files.invalid.append(document.path)
        errors = error.errors(include_url=False)
        if any(e["type"] == "extra_forbidden" and len(e["loc"]) == 1 for e in errors):
            files.unsure.append(document.path)
        if (
            len(errors) <= _MOST_FINDINGS
        ):  # the cross-checks see the rest of the file, where they can
            repaired = _without(document.data, [e["loc"] for e in errors])
            with suppress(ValidationError):
                target.append(Read(document, adapter.validate_python(repaired)))
        return findings_of(document, errors, adapter)
    return []


def findings_of(document: Document, errors: list[Any], adapter: TypeAdapter[Any]) -> list[Finding]:
    """What a model's errors mean, each at its place in the file."""
    found = [_finding(document, error, adapter) for error in errors[:_MOST_FINDINGS]]
    if rest := len(errors) - len(found):
        message = many("and {count} more mistake here", "and {count} more mistakes here", rest)
        found.append(Finding(document.path, message=message.format(count=rest), code="field"))
    return found


def _finding(document: Document, error: Any, adapter: TypeAdapter[Any]) -> Finding:
    loc: Loc = tuple(p for p in error["loc"] if not _is_tag(p))
    error = {**error, "loc": loc}
    known: list[str] = []
    near = None
    if error["type"] == "extra_forbidden":
        known = _fields_beside(document.data, loc, adapter)
        near = closest(str(loc[-1]), known)
    elif error["type"] == "literal_error" and isinstance(error["input"], str):
        expected = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        near = closest(error["input"], expected.split(", "))
    return document.finding(loc, explain(error, known, near), "field")


def _without(data: Any, locs: list[tuple[str | int, ...]]) -> Any:
    """A copy of the data without the fields at these places."""
    copied = _copy(data)
    for loc in locs:
        *path, last = [p for p in loc if not _is_tag(p)] or [""]
        place = copied
        try:
            for part in path:
                place = place[part]
        except (KeyError, IndexError, TypeError):
            continue
        if isinstance(place, dict):
            place.pop(last, None)
    return copied


def _copy(data: Any) -> Any:
    """Plain data once more; `deepcopy` takes ten times as long."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and (part.startswith("<") or part == "[key]")


@lru_cache(maxsize=8)
def _schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    return adapter.json_schema(by_alias=True)


def _fields_beside(data: Any, loc: Loc, adapter: TypeAdapter[Any]) -> list[str]:
    """The names of the fields that the model at this place has and the file has not."""
    schema = _schema_of(adapter)
    definitions = schema.get("$defs", {})
    node: Any = schema
    for part in loc[:-1]:
        node = _step(node, part, definitions)
        data = data[part]
    here = data if isinstance(data, dict) else {}
    return sorted(
        key for key in _resolve(node, definitions).get("properties", {}) if key not in here
    )


def _resolve(node: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    while True:
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in node or "oneOf" in node:
            options = [_resolve(n, definitions) for n in node.get("anyOf", node.get("oneOf"))]
            node = next((o for o in options if "properties" in o or "items" in o), options[0])
        else:
            found: dict[str, Any] = node
            return found


def _step(node: Any, part: str | int, definitions: dict[str, Any]) -> Any:
    node = _resolve(node, definitions)
    if isinstance(part, int):
        return node.get("items", {})
    return node.get("properties", {}).get(part, node.get("additionalProperties") or {})


class _Builder:
    """Turns validated files into `Definitions`."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def build(self) -> d.Definitions:
        book: m.BookFile = self.files.books[0].model
        names = self.files.names[0].model if self.files.names else {}
        branches = [r.model for r in self.files.branches]
        return d.Definitions(
            id=book.id,
            name=_label(book.name, book.id),
            language=book.language,
            timezone=book.timezone,
            score_by=book.calendar.score_by,
            meeting=book.calendar.meeting or "",
            objections=book.calendar.objections,
            units=_choices(book.units),
            posts=_choices(book.posts),
            lists=_policies(book.lists),
            words={k: _label(v, k) for k in m.Words.model_fields if (v := getattr(book.words, k))},
            signers=tuple(_signer(s) for s in book.signers),
            schemes=tuple(
                sorted((_scheme(r.stem, r.model) for r in self.files.schemes), key=lambda s: s.week)
            ),
            branches=tuple(_branch(b) for b in branches),
            memberships=tuple(_membership(b, p) for b in branches for p in b.members),
            cps=tuple(_cp(b, c) for b in branches for c in b.cps),
            plans=tuple(_plan(r.model) for r in self.files.plans),
            names={k: _label(v, k) for k, v in names.items()},
            keep_sheets=book.keep_sheets,
            private_names=book.private_names,
        )


def _label(name: Any, key: str) -> d.Label:
    if name is None:
        return d.Label(key, key)
    if isinstance(name, str):
        return d.Label(name, name)
    return d.Label(name.zh or name.en, name.en or name.zh)


def _choices(choices: list[m.Choice]) -> tuple[d.Choice, ...]:
    return tuple(d.Choice(c.id, _label(c.name, c.id)) for c in choices)


def _hundredths(value: Any) -> int:
    return int(value * 100)


def _maybe(value: Any, turn: Callable[[Any], Any] = _hundredths) -> Any:
    return None if value is None else turn(value)


def _share(value: float) -> tuple[int, int]:
    return Fraction(str(value)).as_integer_ratio()


def _policy(policy: m.ListPolicy) -> d.ListPolicy:
    red, black = policy.red, policy.black
    return d.ListPolicy(
        red=d.Red(red.top, _maybe(red.at_least), _maybe(red.share, _share)) if red else None,
        black=d.Black(black.bottom, _maybe(black.below), black.remedy_due) if black else None,
    )


def list_policies(raw: bytes) -> dict[str, d.ListPolicy] | None:
    """Kind: list policy in these bytes of a qibi.yaml, whatever else it says; None where they have none."""
    document = parse("qibi.yaml", raw)
    if isinstance(document, Finding) or not isinstance(document.data, dict):
        return None
    try:
        lists = TypeAdapter(m.Lists).validate_python(document.data.get("lists", {}))
    except ValidationError:
        return None
    return _policies(lists)


def _policies(lists: m.Lists) -> dict[str, d.ListPolicy]:
    return {k: _policy(v) for k in ("member", "cp", "branch") if (v := getattr(lists, k))}


def _signer(signer: m.Signer) -> d.Signer:
    since, until = d.open_span(signer.since, signer.until)
    return d.Signer(
        signer.id,
        signer.key,
        tuple(signer.may),
        tuple(signer.branches or ()),
        since,
        until,
        signer.revoked or weeks.END,
    )


def _scheme(week: str, scheme: m.SchemeFile) -> d.Scheme:
    grades = [d.Grade(g.id, _label(g.name, g.id), _hundredths(g.lowest)) for g in scheme.grades]
    weights = {k: getattr(scheme.rollup, k) for k in ("branch", "cp")}
    return d.Scheme(
        week=week,
        name=_label(scheme.name, week),
        total_min=_hundredths(scheme.total.min),
        total_max=_hundredths(scheme.total.max),
        period_total=scheme.period_total,
        min_weeks=_share(scheme.min_weeks),
        eligible=tuple(scheme.eligible if scheme.eligible is not None else m.STATUSES),
        second_from=_maybe(scheme.second_from),
        grades=tuple(sorted(grades, key=lambda g: -g.lowest)),
        watch=_maybe(scheme.alerts.watch),
        warn=_maybe(scheme.alerts.warn),
        scorers=_choices(scheme.scorers),
        criteria=tuple(_criterion(c) for c in scheme.criteria),
        rollup={k: (_hundredths(w.own), _hundredths(w.members)) for k, w in weights.items() if w},
    )


def _criterion(criterion: m.Criterion) -> d.Criterion:
    name = _label(criterion.name, criterion.id)
    return d.Criterion(
        id=criterion.id,
        name=name,
        short=_label(criterion.short, criterion.id) if criterion.short else name,
        applies_to=tuple(criterion.applies_to),
        base=_hundredths(criterion.base),
        min=_hundredths(criterion.min),
        max=_hundredths(criterion.max),
        direct=criterion.scoring == "direct",
        items=tuple(_item(criterion.id, i) for i in criterion.items),
        scorer=criterion.scorer or "",
        judges=criterion.judges or "",
    )


def _item(criterion: str, item: m.Item) -> d.Item:
    points, low, high = _worth(item.points)
    veto = item.veto or m.Veto.model_construct()
    return d.Item(
        id=f"{criterion}.{item.id}",
        criterion=criterion,
        name=_label(item.name, item.id),
        points=points,
        low=low,
        high=high,
        per=item.per or "",
        cap=_maybe(item.cap),
        only_highest=item.only_highest,
        excludes=tuple(e if "." in e else f"{criterion}.{e}" for e in item.excludes),
        evidence=item.evidence == "required",
        scorer=item.scorer or "",
        origin=item.origin or "",
        auto=item.auto or "",
        veto_criterion=_maybe(veto.criterion),
        veto_total=_maybe(veto.total),
        veto_total_at_most=_maybe(veto.total_at_most),
    )


def _worth(points: Any) -> tuple[tuple[int, ...], int, int]:
    if isinstance(points, m.Span):
        return (), _hundredths(points.lowest), _hundredths(points.highest)
    several = points if isinstance(points, list) else [points]
    return tuple(_hundredths(p) for p in several), 0, 0


def _branch(branch: m.BranchFile) -> d.Branch:
    since, until = d.open_span(branch.since, branch.until)
    return d.Branch(
        id=branch.id,
        name=_label(branch.name, branch.id),
        section=branch.section or "",
        department=branch.department or "",
        since=since,
        until=until,
        groups=tuple(
            d.Group(
                g.id, _label(g.name, g.id), tuple(g.attached_to), *d.open_span(g.since, g.until)
            )
            for g in branch.groups
        ),
    )


def _membership(branch: m.BranchFile, member: m.Member) -> d.Membership:
    since, until = d.open_span(member.since, member.until)
    return d.Membership(
        id=member.id,
        name=_label(member.name, member.id),
        branch=branch.id,
        status=member.status,
        unit=member.unit or "",
        group=member.group or "",
        posts=tuple(member.posts),
        mentor=member.mentor or "",
        attached_to=tuple(member.attached_to),
        since=since,
        until=until,
    )


def _cp(branch: m.BranchFile, cp: m.CP) -> d.CP:
    since, until = d.open_span(cp.since, cp.until)
    return d.CP(cp.id, _label(cp.name, cp.id), branch.id, dict(cp.members), since, until)


def _plan(plan: m.PlanFile) -> d.Plan:
    return d.Plan(
        plan.cp,
        tuple(
            d.Task(
                t.id,
                _label(t.name, t.id),
                tuple(d.Milestone(s.id, _label(s.name, s.id), s.due) for s in t.milestones),
            )
            for t in plan.tasks
        ),
    )
