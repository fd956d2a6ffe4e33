"""What boards need beyond qibi itself: an optional part, told about where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from qibi.base.findings import Refusal
from qibi.base.language import _

INSTALL = "pip install 'qibi[board]'"


@contextmanager
def needed() -> Iterator[None]:
    """Imports of that part; raises `Refusal` with how to install it where it is not there."""
    try:
        yield
    except ImportError as error:
        raise Refusal(
            _("boards need {package}, which is not installed").format(package=error.name or ""),
            INSTALL,
        ) from None
