"""The way in. What a plain `--version` does not need is not imported for it."""

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
    from qibi.cli.app import main
    from qibi.cli.surroundings import Surroundings

    sys.exit(main(sys.argv[1:], Surroundings.of_this_process()))


if __name__ == "__main__":
    run()
