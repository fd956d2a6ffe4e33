"""Repositories that are small on disk and huge in all else: each takes a `World` and leaves a bomb in its history."""

import hashlib
import struct
import zlib
from collections.abc import Callable

from world import World

MIB = 1 << 20
Bomb = Callable[[World], None]


def _object(world: World, kind: str, raw: bytes) -> str:
    """Put an object into the repository, whatever it holds; its id."""
    whole = b"%s %d\0" % (kind.encode(), len(raw)) + raw
    key = hashlib.sha1(whole).hexdigest()
    place = world.root / ".git" / "objects" / key[:2] / key[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(zlib.compress(whole, 1))
    return key


def _zeros(world: World, size: int) -> str:
    """A blob of so many zeros, which is never held in memory; its id."""
    header = b"blob %d\0" % size
    digest, packed = hashlib.sha1(header), zlib.compressobj(1)
    piece = bytes(MIB)
    place = world.root / ".git" / "objects" / "zeros"
    with place.open("wb") as file:
        file.write(packed.compress(header))
        for _number in range(size // MIB):
            digest.update(piece)
            file.write(packed.compress(piece))
        file.write(packed.flush())
    key = digest.hexdigest()
    (place.parent / key[:2]).mkdir(exist_ok=True)
    place.rename(place.parent / key[:2] / key[2:])
    return key


def _tree(world: World, rows: list[tuple[str, str, str]]) -> str:
    raw = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(key) for mode, name, key in sorted(rows)
    )
    return _object(world, "tree", raw)


def _commit(world: World, places: dict[str, tuple[str, str]], *, gone: bool = False) -> None:
    """Commit what stands, and at these paths of the top these (mode, id); then without them, if `gone`."""
    rows = []
    for line in world.git("ls-tree", "HEAD").splitlines():
        about, name = line.split("\t")
        mode, _kind, key = about.split()
        rows.append((mode.lstrip("0"), name, key))
    own = {name: (mode, key) for mode, name, key in rows}
    tree = _tree(world, [(mode, name, key) for name, (mode, key) in (own | places).items()])
    world.clock += 1
    commit = world.git("commit-tree", tree, "-p", "HEAD", "-m", "more")
    if gone:
        commit = world.git("commit-tree", "HEAD^{tree}", "-p", commit, "-m", "less")
    world.git("update-ref", "HEAD", commit)


def _nested(world: World, levels: int = 10, width: int = 10) -> str:
    """A tree of which git lists width ** levels files, and which has one of each level."""
    key, mode = _object(world, "blob", b"x"), "100644"
    for _level in range(levels):
        key, mode = _tree(world, [(mode, f"f{n}", key) for n in range(width)]), "40000"
    return key


def nested_in_the_ledger(world: World) -> None:
    """10 ** 10 files below ledger/, of ten trees."""
    _commit(world, {"ledger": ("40000", _nested(world))})


def nested_beside_the_ledger(world: World) -> None:
    """The same in a folder that is none of qibi's."""
    _commit(world, {"photos": ("40000", _nested(world))})


def nested_and_gone(world: World) -> None:
    """The same in a commit before the present one: only the history has it."""
    _commit(world, {"photos": ("40000", _nested(world))}, gone=True)


def ten_million_files(world: World) -> None:
    """10 ** 7 files in the ledger, a hundred times the same folder of 100,000."""
    blob = _object(world, "blob", b"x")
    wide = _tree(world, [("100644", f"{n:06}", blob) for n in range(100_000)])
    _commit(
        world, {"ledger": ("40000", _tree(world, [("40000", f"{n:02}", wide) for n in range(100)]))}
    )


def one_wide_folder(world: World) -> None:
    """A folder of two million files: the tree alone is 66 MB."""
    blob = bytes.fromhex(_object(world, "blob", b"x"))
    wide = _object(world, "tree", b"".join(b"100644 %07d\0" % n + blob for n in range(2_000_000)))
    _commit(world, {"ledger": ("40000", wide)})


def gigabyte_of_zeros(world: World) -> None:
    """A blob of 1 GiB, a megabyte on disk, as evidence."""
    blob = _zeros(world, 1024 * MIB)
    _commit(world, {"evidence": ("40000", _tree(world, [("100644", "film.mp4", blob)]))})


def large_batch(world: World) -> None:
    """A batch of 400 MiB of zeros."""
    week = _tree(world, [("100644", "east-0123456789abcdef.jsonl", _zeros(world, 400 * MIB))])
    year = _tree(world, [("40000", "W10", week)])
    _commit(world, {"ledger": ("40000", _tree(world, [("40000", "2026", year)]))})


def large_commit(world: World) -> None:
    """A commit whose message is 100 MiB long, and the present one."""
    tree, parent = world.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    head = f"tree {tree}\nparent {parent}\n"
    head += "".join(f"{role} Ann <a@b> 1770000000 +0800\n" for role in ("author", "committer"))
    commit = _object(world, "commit", head.encode() + b"\n" + bytes(100 * MIB).replace(b"\0", b"x"))
    world.git("update-ref", "HEAD", commit)


def large_tag(world: World) -> None:
    """A tag whose message is 100 MiB long."""
    commit = world.git("rev-parse", "HEAD")
    head = f"object {commit}\ntype commit\ntag v1\ntagger Ann <a@b> 1770000000 +0800\n\n"
    tag = _object(world, "tag", head.encode() + bytes(100 * MIB).replace(b"\0", b"x"))
    (world.root / ".git" / "packed-refs").write_text(f"{tag} refs/tags/v1\n")


def _header(kind: int, size: int) -> bytes:
    """The head of an object in a pack."""
    out, byte = bytearray(), kind << 4 | size & 15
    size >>= 4
    while size:
        out.append(byte | 128)
        byte, size = size & 127, size >> 7
    out.append(byte)
    return bytes(out)


def _varint(size: int) -> bytes:
    out = bytearray()
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes([*out, size])


def _offset(distance: int) -> bytes:
    out = [distance & 127]
    while distance := distance >> 7:
        distance -= 1
        out.insert(0, distance & 127 | 128)
    return bytes(out)


def _pack(world: World, base: bytes, deltas: int, *, chained: bool) -> None:
    """Packed deltas that each change the last eight bytes: of the base, or of the one before it."""
    raw = bytearray(struct.pack(">4sII", b"PACK", 2, deltas + 1))
    before, size = len(raw), len(base)
    raw += _header(3, size) + zlib.compress(base, 9)
    copy = b"\xff" + struct.pack("<I", 0) + (size - 8).to_bytes(3, "little")
    for number in range(deltas):
        here = len(raw)
        delta = _varint(size) + _varint(size) + copy + b"\x08" + struct.pack(">Q", number + 1)
        raw += _header(6, len(delta)) + _offset(here - before) + zlib.compress(delta, 9)
        before = here if chained else before
    raw += hashlib.sha1(raw).digest()
    world.git("index-pack", "--stdin", given=bytes(raw))


def deltas_of_zeros(world: World) -> None:
    """160 objects of 16 MiB, each a few bytes on disk."""
    _pack(world, bytes(16 * MIB - 1), 160, chained=False)


def long_chain(world: World) -> None:
    """100,000 objects, each a change of the one before it: asking for the kind of one goes through all."""
    _pack(world, b"x" * 16, 100_000, chained=True)


def million_refs(world: World) -> None:
    """A million names for the present commit."""
    commit = world.git("rev-parse", "HEAD")
    names = "".join(f"{commit} refs/heads/a{n:07}\n" for n in range(1_000_000))
    (world.root / ".git" / "packed-refs").write_text(
        f"# pack-refs with: peeled fully-peeled sorted \n{names}"
    )


def deep_folders(world: World) -> None:
    """Folders in folders, 20,000 of them, with names of 100 letters: a path of 2 MB."""
    key, mode = _object(world, "blob", b"x"), "100644"
    for _level in range(20_000):
        key, mode = _tree(world, [(mode, "x" * 100, key)]), "40000"
    _commit(world, {"ledger": ("40000", key)})


REFUSED: tuple[Bomb, ...] = (
    nested_in_the_ledger,
    nested_beside_the_ledger,
    nested_and_gone,
    ten_million_files,
    one_wide_folder,
    gigabyte_of_zeros,
    large_batch,
    large_commit,
    large_tag,
    deltas_of_zeros,
    long_chain,
    deep_folders,
)
HARMLESS: tuple[Bomb, ...] = (million_refs,)
