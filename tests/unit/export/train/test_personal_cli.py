"""The command: refused with a remedy, resumed, kept only where it is better, and undone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from engines.avatars.bundle import Avatar, AvatarInfo, load
from engines.avatars.consent import EXAMPLE
from engines.avatars.shelf import Shelf
from engines.render.boxes import KINDS
from engines.render.nets import RendererNets
from export.data import personal_pairs, personal_track
from export.data.personal_pairs import Footage
from export.data.personal_track import OK, Track
from export.data.render_pairs import Pairs
from export.deploy.renderer_run import RunNets, load_run
from export.train import personal_cli
from export.train.personal import Work, everybodys
from export.train.personal_cli import train
from export.train.personal_nets import GENERAL, PERSONAL, Judged, keep, write_nets
from export.train.renderer import Nets
from tests.support.made_pairs import made_pairs
from tests.support.personal_nets import write_personal
from tests.support.renderer_run import SMALL, write_run
from tests.support.tiny_renderer import tiny_nets
from tests.unit.engines.avatars.people import put_by_hand


@dataclass
class Place:
    """A user's folder with one avatar, a video, and a scratch folder."""

    root: Path
    trained: list[Work] = field(default_factory=list)
    tracked: int = 0
    better: set[str] = field(default_factory=lambda: {*KINDS})

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.root / "avatars")

    @property
    def work(self) -> Path:
        return self.root / "work" / "zoe"

    def run(self, *more: str, consent: bool = True, video: str = "a.mp4") -> int:
        given = ["--consent-statement", EXAMPLE, "--consent-by", "Zoe"] if consent else []
        return train(
            ["--video", str(self.root / video), "--avatar", "zoe",
             "--work", str(self.root / "work"), "--avatars", str(self.shelf.folder),
             "--cache", str(self.root), *given, *more]
        )  # fmt: skip


def keep_quickly(shelf: Shelf, avatar: Avatar, *_: object) -> AvatarInfo:
    with shelf.aside() as aside:
        return shelf.put_nets(avatar.name, write_personal(aside))


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """Nets are exported, judged and kept as they really are; some seconds."""
    monkeypatch.setattr(personal_cli, "write_nets", write_nets)
    monkeypatch.setattr(personal_cli, "keep", keep)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """All that takes long is made up."""
    put_by_hand(tmp_path / "avatars", "zoe")
    (tmp_path / "a.mp4").write_bytes(b"a video")
    out = Place(tmp_path)
    runs = {name: load_run(write_run(tmp_path / name, kind)) for name, kind in KINDS.items()}
    count = 200
    points = np.zeros((count, 478, 3), np.float32)
    found = Track(points, np.full(count, OK, np.uint8), np.ones(count, bool), points[:, 0, 0])
    pairs = {name: made_pairs(4, kind) for name, kind in KINDS.items()}

    def track(*_: object) -> Track:
        out.tracked += 1
        return found

    def fine_tune(
        box: str, base: Nets, own: Pairs, kept: Pairs, held: Pairs, work: Work
    ) -> RunNets:
        out.trained.append(work)
        (work.folder / box).mkdir(exist_ok=True)
        return runs[box]

    def judge_box(kind: object, *_: object) -> list[Judged]:
        name = str(getattr(kind, "name", ""))
        own = 31.0 if name in out.better else 29.0
        rows = {GENERAL: {"psnr": 30.0, "lpips": 0.02, "sharp": 1.0},
                PERSONAL: {"psnr": own, "lpips": 0.01, "sharp": 1.0}}  # fmt: skip
        return [Judged(name, "all", 9, rows)]

    monkeypatch.delenv("SYNCHRORAMA_TRACKER_PYTHON", raising=False)
    small = Nets(SMALL)
    monkeypatch.setattr(personal_cli, "write_nets", lambda *_: tiny_nets())
    monkeypatch.setattr(personal_cli, "keep", keep_quickly)
    monkeypatch.setattr(personal_cli, "load_nets", lambda backend=None: tiny_nets())
    monkeypatch.setattr(personal_cli, "everybodys", lambda kind: small)
    monkeypatch.setattr(personal_cli, "length_of", lambda path: 8.0)
    monkeypatch.setattr(personal_cli, "sound_of", lambda path, n: None)
    monkeypatch.setattr(personal_track, "track", track)
    monkeypatch.setattr(personal_track, "check", lambda found: None)
    monkeypatch.setattr(personal_pairs, "make", lambda *_: Footage(pairs, pairs, 1.0))
    monkeypatch.setattr(personal_pairs, "kept", lambda *_: pairs)
    monkeypatch.setattr(personal_cli, "fine_tune", fine_tune)
    monkeypatch.setattr(personal_cli, "judge_box", judge_box)
    return out


def test_nets_become_the_avatars_and_the_videos_boxes_go(
    place: Place, whole: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("--minutes", "3") == 0
    own = load(place.shelf.folder / "zoe").personal
    assert own is not None and own.consent.statement == EXAMPLE and own.consent.by == "Zoe"
    assert own.trained_s == pytest.approx(3.0)  # Of 8 s: half, but for a second.
    said = capsys.readouterr().out
    assert "MB; shown: mouth" in said and "personal net | 31.00" in said and "not checked" in said
    assert not (place.work / "tracks.npz").exists() and not (place.work / "pairs").exists()
    assert "personal net" in (place.work / "table.md").read_text()
    assert [work.seconds for work in place.trained] == [180, 180]


def test_a_box_that_is_not_better_keeps_everybodys(
    place: Place,
    whole: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(personal_cli, "everybodys", everybodys)
    place.better = {"eye"}
    assert place.run() == 0
    assert "mouth: not better" in capsys.readouterr().out
    own = load(place.shelf.folder / "zoe").personal
    assert own is not None
    note = json.loads((own.folder / "manifest.json").read_text())["training"]
    assert note["mouth"]["step"] == 0 and note["eye"]["step"] == 7
    assert note["mouth"]["net"]["widths"] == [48, 96, 160]


def test_where_nothing_is_better_nothing_is_kept(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.better = set()
    assert place.run() == 1
    assert load(place.shelf.folder / "zoe").personal is None
    assert "Train longer" in capsys.readouterr().err
    assert (place.work / "tracks.npz").exists()  # For --resume.
    place.better = {"mouth"}
    assert place.run("--resume", consent=False) == 0
    assert place.tracked == 1 and place.trained[-1].resume


def test_another_video_begins_anew(place: Place) -> None:
    assert place.run("--keep") == 0
    assert (place.work / "tracks.npz").exists() and place.tracked == 1
    assert place.run("--keep") == 0
    assert place.tracked == 1  # The same video: its faces are known.
    (place.root / "b.mp4").write_bytes(b"another video")
    assert place.run("--resume", "--keep", video="b.mp4") == 0
    assert place.tracked == 2


def test_no_work_without_a_consent(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.run(consent=False) == 1
    assert "consent of the person in the video" in capsys.readouterr().err
    assert place.run("--resume", consent=False) == 1
    words = place.root / "words.txt"
    words.write_text("yes")
    assert place.run("--consent", str(words), consent=False) == 1
    assert "too short" in capsys.readouterr().err
    assert place.run("--consent", str(words)) == 1
    assert "two consents" in capsys.readouterr().err
    assert place.run("--consent", str(place.root / "none.txt"), consent=False) == 1
    assert place.tracked == 0 and not place.trained
    words.write_text(EXAMPLE)
    assert place.run("--consent", str(words), consent=False) == 0


def test_a_consent_for_another_video_does_not_do(place: Place) -> None:
    assert place.run("--keep") == 0
    (place.root / "a.mp4").write_bytes(b"changed")
    assert place.run("--resume", consent=False) == 1


def test_only_ones_own_avatars(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--video", str(place.root / "a.mp4"), "--avatars", str(place.shelf.folder)]
    for name in ("aria", "../zoe", "nobody"):
        assert train(["--avatar", name, *more, "--consent-statement", EXAMPLE]) == 1
        assert "known are: zoe" in capsys.readouterr().err


def test_what_is_missing_is_said(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train(["--avatar", "zoe"])
    assert "--video" in capsys.readouterr().err
    assert place.run(video="none.mp4") == 1
    assert "cannot be read" in capsys.readouterr().err
    assert place.run("--minutes", "0") == 1
    assert "--minutes 0" in capsys.readouterr().err


def test_a_full_disk_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: Pairs, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Pairs, "save", full)
    assert place.run() == 1
    assert "No space left" in capsys.readouterr().err
    assert load(place.shelf.folder / "zoe").personal is None


def test_they_can_be_removed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--avatar", "zoe", "--remove", "--avatars", str(place.shelf.folder)]
    write_personal(place.shelf.folder / "zoe")
    assert train(more) == 0 and "are removed" in capsys.readouterr().out
    assert load(place.shelf.folder / "zoe").personal is None
    assert train(more) == 0 and "has none" in capsys.readouterr().out


def test_smoke_needs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--smoke", "--work", str(tmp_path)]) == 0
    assert "| mouth, all, 24 | motion frame |" in capsys.readouterr().out
    assert (tmp_path / "smoke" / "mouth" / "curves.png").is_file()


def test_everything_is_judged_by_the_engines_own_nets(place: Place) -> None:
    """What `judge_box` is given are sessions of the ONNX that is kept."""
    seen: list[object] = []

    def judge(kind: object, held: object, general: object, own: object, *_: object) -> list[Judged]:
        seen.extend([general, own])
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personal_cli, "judge_box", judge)
        assert place.run() == 1
    assert all(isinstance(nets, RendererNets) for nets in seen) and len(seen) == 4
