"""The way in. What a plain `--version` does not need is not imported for it."""

import os
import sys


def run() -> None:
    """Run the command line of this process and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from qibi import __version__

        try:
            print(f"qibi {__version__}", flush=True)
        except BrokenPipeError:  # nobody reads: keep Python's last flush from complaining
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    from qibi.cli.app import main
    from qibi.cli.surroundings import Surroundings

    sys.exit(main(sys.argv[1:], Surroundings.of_this_process()))


if __name__ == "__main__":
    run()
