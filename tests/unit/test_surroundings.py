"""What is around a command: where derived data is kept."""

from pathlib import Path

import pytest

from transcripts.harness import Scene


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"XDG_CACHE_HOME": "{top}/xdg"}, "xdg/qibi"),
        ({"XDG_CACHE_HOME": "xdg", "HOME": "{top}/home"}, "home/.cache/qibi"),
        ({"XDG_CACHE_HOME": "", "HOME": "{top}/home"}, "home/.cache/qibi"),
        ({"XDG_CACHE_HOME": "../xdg", "LOCALAPPDATA": "~/local", "HOME": "."}, None),
        ({"QIBI_CACHE": "../kept", "XDG_CACHE_HOME": "{top}/xdg"}, "kept"),
        ({"QIBI_CACHE": "", "XDG_CACHE_HOME": "{top}/xdg"}, None),
        ({"QIBI_CACHE": "kept"}, None),  # in the book
        ({"QIBI_CACHE": "{top}/link/kept"}, None),  # in the book, by a link
        ({"XDG_CACHE_HOME": "{top}/book"}, None),
    ],
)
def test_derived_data_has_its_place_and_never_in_a_book(
    tmp_path: Path, environment: dict[str, str], place: str | None
) -> None:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    (tmp_path / "link").symlink_to(scene.folder)
    for name in ("QIBI_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        scene.environment.pop(name, None)
    scene.environment |= {key: v.format(top=tmp_path) for key, v in environment.items()}
    before = set(tmp_path.rglob("*"))
    assert "Bob Chen" in scene.run("qibi rank W46")
    made = {path for path in set(tmp_path.rglob("*")) - before if path.is_file()}
    assert bool(made) == (place is not None)
    assert all(path.is_relative_to(tmp_path / str(place)) for path in made)
