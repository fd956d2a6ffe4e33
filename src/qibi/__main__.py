"""The way in. What a plain `--version` does not need is not imported for it."""

import gc
import os
import sys
from contextlib import suppress


def run() -> None:
    """Run the command line of this process and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from qibi import __version__

        with suppress(OSError):  # the long way says why not
            os.write(1, f"qibi {__version__}\n".encode())
            return
    gc.set_threshold(
        100_000, 20, 20
    )  # a command makes few cycles; looking for them took a third of a long ranking
    try:
        from qibi.cli.app import main
        from qibi.cli.surroundings import Surroundings

        code = main(sys.argv[1:], Surroundings.of_this_process())
    except (MemoryError, ImportError) as error:  # too little for the program itself
        from qibi.base.memory import is_out_of_memory, out_of_memory

        if not is_out_of_memory(error):
            raise
        print(f"qibi: {out_of_memory()[0]}", file=sys.stderr)
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    run()
