"""Guided entry on a real terminal: keys in, what the screen is told out, and what is in the ledger then."""

import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

from transcripts.harness import Scene

TAB, ENTER, UP, CTRL_C = "\t", "\r", "\x1b[A", "\x03"
_CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Screen:
    """qibi as a process on a terminal of 80 columns."""

    def __init__(self, scene: Scene, *arguments: str) -> None:
        self.shown = ""
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(scene.folder)
            environment = scene.environment_now() | {"TERM": "xterm", "QIBI_TODAY": "2026-11-23"}
            os.execve(sys.executable, [sys.executable, "-m", "qibi", *arguments], environment)
        ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def until(self, text: str) -> str:
        """What is shown up to a text that has to come."""
        end = time.monotonic() + 60
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    raw = os.read(self.terminal, 65536)
                except OSError:  # the process has ended
                    raw = b""
                assert raw, f"'{text}' never came: {self.shown}"
                self.shown += _CODES.sub("", raw.decode())
        before, _text, self.shown = self.shown.partition(text)
        return before

    def keys(self, *keys: str) -> None:
        os.write(self.terminal, "".join(keys).encode())

    def ended(self) -> int:
        _pid, status = os.waitpid(self.child, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    return Scene(tmp_path)


def batches(scene: Scene) -> list[str]:
    return [p.read_text("utf-8") for p in sorted(scene.folder.glob("ledger/2026/W47/*.jsonl"))]


def test_names_and_items_are_completed_and_answers_come_back(scene: Scene) -> None:
    scene.direct("book", "small", [])
    screen = Screen(scene, "score", "--week", "W47", "--no-commit")
    screen.until("who?")
    screen.keys("hen", TAB, ENTER)  # a part of Bob Chen
    screen.until("what happened?")
    screen.keys("hazard-c")
    screen.until("Hazard found and closed  +1 each  safety.hazard-closed")
    screen.keys(TAB, ENTER)
    screen.until("how often? [1]")
    screen.keys(ENTER)
    screen.until("evidence?")
    screen.keys("photo 18", ENTER)
    screen.until("note?")
    screen.keys(ENTER)
    screen.until("+ Bob Chen  Hazard found and closed +1")
    screen.keys("1", ENTER, "tidy", ENTER)
    screen.until("note?")
    screen.keys(CTRL_C)
    screen.until("not recorded:")
    screen.until("Bob Chen  Hazard found and closed +1  photo 18")
    assert screen.ended() == 130
    assert batches(scene) == []


def test_in_chinese_with_wide_characters(scene: Scene) -> None:
    scene.direct("book", "example", [])
    scene.environment |= {"QIBI_AS": "o1-004", "QIBI_LANG": "zh"}
    screen = Screen(scene, "score", "--week", "W47", "--no-commit")
    screen.until("谁？")
    screen.keys("员八", TAB, ENTER)
    screen.until("什么事（评分项）？")
    screen.keys("裸土")
    screen.until("裸土未覆盖/车辆未冲洗  每次-0.5  environment.bare-soil")
    screen.keys(TAB, ENTER)
    screen.until("次数？")
    screen.keys("2", ENTER, "照片1118-3", ENTER, "周三", ENTER)
    screen.until("党员八  裸土未覆盖/车辆未冲洗 x2 -1")
    screen.keys("9", ENTER, "场未清", ENTER, "1", ENTER)
    screen.until("佐证？")
    screen.keys(UP)
    screen.until("照片1118-3")  # what was answered to this question before
    screen.keys(ENTER, ENTER, ENTER)
    screen.until("[y/n]")
    screen.keys("y", ENTER)
    screen.until("已录入2条（加0，扣2）")
    assert screen.ended() == 0
    [raw] = batches(scene)
    assert raw.count('"kind":"score"') == 2 and raw.count("照片1118-3") == 2
