"""Work in several processes at once, where there is enough of it to be worth their start."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
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
