"""Work in several processes at once, where there is enough of it to be worth their start."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def portions(
    weighed: Iterable[tuple[T, float]], *, least: float = inf, most: float = inf
) -> Iterator[list[T]]:
    """Things with what each weighs, in portions of one or more, in order.

    A portion ends once it weighs `least`, and before it would weigh more than `most`.
    """
    portion: list[T] = []
    total = 0.0
    for thing, weight in weighed:
        if portion and total + weight > most:
            yield portion
            portion, total = [], 0.0
        portion.append(thing)
        total += weight
        if total >= least:
            yield portion
            portion, total = [], 0.0
    if portion:
        yield portion


def each(
    function: Callable[[Any, T], R], common: Any, parts: Sequence[T], processes: int | None = None
) -> Iterator[R]:
    """`function(common, part)` of each part, in order; in this process where one is enough.

    Other processes begin at once, this one when a result is asked for. What a call raises is raised here.
    """
    count = min(processes or processors(), len(parts))
    # A fork takes over all that is loaded and chosen, in 5 ms; elsewhere it is not safe, or not there.
    if count < 2 or sys.platform != "linux":
        return (function(common, part) for part in parts)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(count, get_context("fork"), _begin, (function, common))
    return _until_done(pool, pool.map(_run, parts))


def _until_done(pool: "ProcessPoolExecutor", results: Iterator[R]) -> Iterator[R]:
    with pool:
        yield from results


_task: list[Any] = []


def _begin(function: Callable[[Any, T], R], common: Any) -> None:
    _task[:] = [function, common]


def _run(part: T) -> Any:
    function, common = _task
    return function(common, part)
