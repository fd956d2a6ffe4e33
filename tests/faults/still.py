"""qibi as a process of its own, by a clock that stands still: two runs write the very same bytes."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], replace(Surroundings.of_this_process(), now=lambda: NOON)))
