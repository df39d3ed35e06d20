import json
from pathlib import Path

import pytest

from engines.avatars.store import BUILTIN
from export.data.faces import FacesMissing
from export.evaluate.avatar_people import built_in, folder_bytes, held_out, make_people


def weights(folder: Path, names: list[str]) -> Path:
    (folder / "manifest.json").write_text(json.dumps({"held_out": names}), "utf-8")
    return folder


def test_only_portraits_the_nets_never_saw_are_taken(tmp_path: Path) -> None:
    (tmp_path / "portraits").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "portraits" / f"{name}.jpg").write_bytes(b"")
    assert [f.stem for f in held_out(tmp_path, weights(tmp_path, ["c", "a"]))] == ["c", "a"]


def test_missing_portraits_are_counted(tmp_path: Path) -> None:
    with pytest.raises(FacesMissing, match="2 of 2 .* --data"):
        held_out(tmp_path, weights(tmp_path, ["c", "a"]))


def test_a_portrait_goes_through_the_users_door_and_a_refusal_keeps_its_words(
    tmp_path: Path,
) -> None:
    from engines.render.cv import cv2

    portrait = cv2.imread(str(BUILTIN / "aria" / "portrait.png"))
    good, bad, broken = (tmp_path / f"{n}.png" for n in ("made_1", "wall_1", "text_1"))
    cv2.imwrite(str(good), portrait)
    cv2.imwrite(str(bad), portrait * 0 + 128)
    broken.write_text("no picture", "utf-8")
    made, refused, unread = make_people([good, bad, broken], tmp_path / "shelf")
    assert made.name == "made-1" and made.avatar is not None and made.avatar.name == "made-1"
    assert made.cpu_s > 0 and made.bundle_bytes > 100_000
    assert made.photo.shape == portrait.shape
    assert refused.avatar is None and refused.refusal.startswith("NoFace: ")
    assert unread.avatar is None and unread.refusal.startswith("BadImage: ")


def test_the_built_in_people_are_measured_without_data() -> None:
    people = list(built_in())
    assert people and all(p.avatar is not None for p in people)
    assert folder_bytes(BUILTIN / people[0].name) == people[0].bundle_bytes
