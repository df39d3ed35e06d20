"""Parcels out and in; hostile ones stay out and leave nothing behind."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.avatars import consent as consents
from engines.avatars import parcel as module
from engines.avatars.bundle import save
from engines.avatars.consent import EXAMPLE
from engines.avatars.consent import FILE as CONSENT
from engines.avatars.parcel import FILES, MANIFEST, pack, read_parcel, unpack, write_parcel
from engines.avatars.preview import FILE as PREVIEW
from engines.avatars.preview import MAX_BYTES
from engines.avatars.shelf import Shelf, ShelfError
from tests.support.sample_avatar import sample
from tests.unit.engines.avatars.people import photo, put_by_hand
from tests.unit.engines.avatars.pictures import bomb

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def parcel(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("from")
    put_by_hand(folder, "zoe")
    return pack(Shelf(folder), "zoe")


def opened(parcel: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(parcel)) as file:
        return {name: file.read(name) for name in file.namelist()}


def closed(files: Files, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out.getvalue()


def test_out_and_in_again(parcel: bytes, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert unpack(shelf, parcel).name == "zoe"
    assert pack(shelf, "zoe") == parcel
    assert unpack(shelf, parcel, name="max").name == "max"
    assert json.loads((tmp_path / "max" / MANIFEST).read_text())["name"] == "max"
    with pytest.raises(ShelfError) as caught:
        unpack(shelf, parcel)
    assert caught.value.code == "name_taken"
    unpack(shelf, parcel, replace=True)
    assert shelf.names() == ["max", "zoe"]
    with pytest.raises(ShelfError) as caught:
        pack(shelf, "nobody")
    assert caught.value.code == "unknown_avatar"


def test_a_film_comes_along_and_stays_a_film(parcel: bytes, tmp_path: Path) -> None:
    film = b"\0\0\0\x20ftypisom" + bytes(100)
    home = tmp_path / "from"
    agreed = consents.give(EXAMPLE, "Zoe", photo())
    kept = {CONSENT: agreed.to_json(), PREVIEW: film}
    save(replace(sample(), name="zoe", title="Zoe"), home / "zoe", kept)
    moved = pack(Shelf(home), "zoe")
    shelf = Shelf(tmp_path / "to")
    unpack(shelf, moved)
    assert (shelf.folder / "zoe" / PREVIEW).read_bytes() == film
    assert pack(shelf, "zoe") == moved
    for other in (b"<html>" + film, film + bytes(MAX_BYTES)):
        with pytest.raises(ShelfError, match="not a film"):
            read_parcel(closed({**opened(moved), PREVIEW: other}))
    with pytest.raises(ShelfError, match="missing or changed"):
        unpack(shelf, closed({**opened(moved), PREVIEW: film + b"x"}), name="max")
    with pytest.raises(ShelfError, match="list its files"):
        unpack(shelf, closed({**opened(parcel), PREVIEW: film}), name="max")


def _npz(**arrays: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=True, **arrays)
    return out.getvalue()


def _lying_npz() -> bytes:
    head = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(head, shape)
    return closed({"landmarks.npy": head.getvalue()})


def _manifest(change: Callable[[dict[str, object]], object]) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        manifest = json.loads(files[MANIFEST])
        change(manifest)
        files[MANIFEST] = json.dumps(manifest).encode()

    return spoil


HOSTILE: dict[str, Callable[[Files], object]] = {
    "slip": lambda f: f.update({"../../evil": b"x"}),
    "absolute": lambda f: f.update({"/tmp/evil": b"x"}),
    "folder": lambda f: f.update({"a/portrait.png": b"x"}),
    "more": lambda f: f.update({"run.py": b"x"}),
    "missing": lambda f: f.pop("alpha.png"),
    "no consent": lambda f: f.pop(CONSENT),
    "no manifest": lambda f: f.pop(MANIFEST),
    "empty consent": lambda f: f.update({CONSENT: b"{}"}),
    "other consent": lambda f: f.update({CONSENT: f[CONSENT].replace(b"Zoe", b"Max")}),
    "picture bomb": lambda f: f.update({"portrait.png": bomb(20_000, 20_000)}),
    "no picture": lambda f: f.update({"skin.png": b"hello"}),
    "cut picture": lambda f: f.update({"skin.png": f["skin.png"][:-20]}),
    "pickle": lambda f: f.update({"data.npz": _npz(landmarks=np.array([{}], object))}),
    "array bomb": lambda f: f.update({"data.npz": _npz(landmarks=np.zeros(5_000_000))}),
    "lying array": lambda f: f.update({"data.npz": _lying_npz()}),
    "no arrays": lambda f: f.update({"data.npz": b"PK"}),
    "odd array": lambda f: f.update({"data.npz": closed({"landmarks.npy": b"\x93NUMPY\x01"})}),
    "manifest": lambda f: f.update({MANIFEST: b"[" * 100_000}),
    "list": lambda f: f.update({MANIFEST: b"[]"}),
    "other schema": _manifest(lambda m: m.update(schema=99)),
    "other name": _manifest(lambda m: m.update(name="../../evil")),
    "no title": _manifest(lambda m: m.pop("title")),
    "escape codes in the title": _manifest(lambda m: m.update(title="Zoe\x1b[2J")),
    "reversed title": _manifest(lambda m: m.update(title="Zoe\u202egnp")),
    "endless credit": _manifest(lambda m: m.update(credit="x" * 10_000)),
    "credit in two lines": _manifest(lambda m: m.update(credit="x\ny")),
    "unlisted": _manifest(lambda m: m.update(files={})),
    "other files": _manifest(lambda m: m.update(files={"../../etc/passwd": "0" * 64})),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_parcels_are_refused_and_leave_nothing(
    kind: str, parcel: bytes, tmp_path: Path
) -> None:
    files = opened(parcel)
    HOSTILE[kind](files)
    home = tmp_path / "home" / "avatars"
    with pytest.raises(ShelfError) as caught:
        unpack(Shelf(home), closed(files))
    assert caught.value.code in ("bad_parcel", "bad_name")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []


def test_a_zip_bomb_is_not_unpacked(parcel: bytes) -> None:
    files = {**opened(parcel), "portrait.png": bytes(200 * 2**20)}
    with pytest.raises(ShelfError, match="larger than"):
        read_parcel(closed(files, zipfile.ZIP_DEFLATED))


def test_too_many_bytes_and_double_files(parcel: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO(parcel)
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("alpha.png", b"x")
    with pytest.raises(ShelfError, match="twice"):
        read_parcel(out.getvalue())
    monkeypatch.setattr(module, "MAX_PARCEL_BYTES", 1000)
    with pytest.raises(ShelfError, match="larger"):
        read_parcel(parcel)


@given(st.data())
def test_spoilt_parcels_are_read_or_refused(parcel: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(parcel)
    for _ in range(data.draw(st.integers(1, 5))):
        # Most structure is in the last bytes.
        at = data.draw(st.one_of(st.integers(-1200, -1), st.integers(0, len(parcel) - 1)))
        spoilt[at] = data.draw(st.integers(0, 255))
    try:
        assert read_parcel(bytes(spoilt)).keys() == FILES
    except ShelfError as error:
        assert error.code == "bad_parcel"


@given(st.binary(max_size=300))
def test_other_bytes_are_no_parcel(data: bytes) -> None:
    with pytest.raises(ShelfError):
        read_parcel(data)


def test_a_parcel_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "zoe.zip"
    write_parcel(b"parcel", path)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("zoe.zip", b"parcel")]
    with pytest.raises(OSError):
        write_parcel(b"x", tmp_path / "missing" / "zoe.zip")
