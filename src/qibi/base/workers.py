"""Work in several processes at once, where there is enough of it to be worth their start."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

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

    What a call raises is raised here.
    """
    count = min(processes or processors(), len(parts))
    # A fork takes over all that is loaded and chosen, in 5 ms; elsewhere it is not safe, or not there.
    if count < 2 or sys.platform != "linux":
        yield from (function(common, part) for part in parts)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(count, get_context("fork"), _begin, (function, common)) as pool:
        yield from pool.map(_run, parts)


_task: list[Any] = []


def _begin(function: Callable[[Any, T], R], common: Any) -> None:
    _task[:] = [function, common]


def _run(part: T) -> Any:
    function, common = _task
    return function(common, part)
