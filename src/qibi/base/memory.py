"""Out of memory: how it shows, in this process and those that work for it, and what to say."""

from qibi.base.language import _

# Of DuckDB, of the loader of libraries, of threads, of a worker process that the system has ended.
_SIGNS = (
    "out of memory",
    "cannot allocate memory",
    "bad_alloc",
    "failed to map segment",
    "can't start new thread",
    "process pool was terminated abruptly",
    "error return without exception set",  # of C code that had no memory to make one
)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether there was no memory for what was to be done; what was asked for may be too large, or nothing is wrong."""
    while error is not None:
        text = str(error).casefold()
        if isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS):
            return True
        error = error.__cause__ or error.__context__
    return False


def out_of_memory() -> tuple[str, str]:
    """What to say of it, and what to do."""
    return (
        _("out of memory"),
        _(
            "close other programs, or use a machine with more; what was reported as recorded is recorded"
        ),
    )
