"""Command `train personal`: a person's two-minute video makes the renderer's nets their own.

Offline; one process on one thread, progress bars, resumable.
Never without a consent, never kept where it is not better, never keeps the video's pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.progress import Progress

from engines.avatars.bundle import Avatar, AvatarError, load
from engines.avatars.consent import BadConsent, Consent, give_for, statement_in
from engines.avatars.consent import from_json as consent_from
from engines.avatars.shelf import Limits, Shelf, default_folder
from engines.backends.ort import OrtBackend
from engines.face.weights import BadFaceWeights
from engines.render.boxes import KINDS
from engines.render.cv import cv2
from engines.render.nets import BadRendererWeights, RendererNets
from engines.render.nets import load as load_nets
from engines.values import FRAME_RATE_HZ
from export.data import personal_pairs, personal_track
from export.data.personal_video import BadVideo, length_of, sha256_of, shots, sound_of
from export.data.render_pairs import Pairs
from export.data.render_pairs import load as load_pairs
from export.deploy.renderer_run import RunNets
from export.options import add_tracker
from export.rig.tracker import TrackerFailed
from export.train.personal import CONFIG, NotTrainable, Work, everybodys, fine_tune
from export.train.personal_likeness import NotSamePerson, check_person
from export.train.personal_nets import (
    Judged,
    Training,
    judge_box,
    judge_of,
    keep,
    side_by_side,
    table,
    write_nets,
)
from export.train.renderer import Nets
from export.train.renderer_cli import SMOKE, made_up
from export.train.renderer_sheet import write

MINUTES = 30.0
KEPT_COUNT = 160
SEED = 1
_ERRORS = (
    *(BadVideo, BadConsent, NotTrainable, NotSamePerson, AvatarError, BadFaceWeights),
    *(BadRendererWeights, TrackerFailed),
)


def parser() -> argparse.ArgumentParser:
    """Arguments of `train personal`."""
    out = argparse.ArgumentParser(prog="export train personal", description=train.__doc__)
    out.add_argument("--video", type=Path, metavar="FILE", help="two minutes of the person talking")
    out.add_argument("--avatar", metavar="NAME", help="one of yours: `synchrorama avatar list`")
    out.add_argument("--avatars", type=Path, default=None, metavar="FOLDER",
                     help="where yours are (default: as of `synchrorama`)")  # fmt: skip
    out.add_argument("--consent", type=Path, metavar="FILE", help="a text file with the consent")
    out.add_argument("--consent-statement", metavar="TEXT",
                     help="the consent, in the words of the person in the video")  # fmt: skip
    out.add_argument("--consent-by", default="", metavar="WHO", help="who gives it")
    out.add_argument("--minutes", type=float, default=MINUTES, help=f"of training [{MINUTES:g}]")
    out.add_argument("--resume", action="store_true", help="go on from where the last run stopped")
    out.add_argument(
        "--keep", action="store_true", help="do not delete the video's boxes at the end"
    )
    out.add_argument("--remove", action="store_true", help="delete the avatar's own nets instead")
    out.add_argument("--smoke", action="store_true", help="seconds, made-up boxes, nothing kept")
    out.add_argument("--work", type=Path, default=Path("artifacts/personal"), help="scratch folder")
    out.add_argument("--cache", type=Path, default=Path("artifacts/cache"),
                     help="with the perceptual judge's weights, if there are any")  # fmt: skip
    add_tracker(
        out,
        "interpreter with mediapipe and dlib: its tracker instead of our own nets, and a check "
        "that both are one person",
    )
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return out


def train(argv: list[str]) -> int:
    """`python -m export train personal`: nets of one's own for an avatar, out of one's video."""
    out = parser()
    args = out.parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if args.smoke:
        return smoke(args.work / "smoke")
    if not args.avatar or not (args.video or args.remove):
        out.error("wanted --avatar NAME and --video FILE")
    try:
        # The limits are against uploads; here somebody is at their own machine.
        free = Limits(avatars=sys.maxsize, bytes=sys.maxsize)
        shelf = Shelf(args.avatars or default_folder(), free)
        if args.remove:
            had = shelf.remove_nets(args.avatar)
            print(f"{args.avatar}: {'its own nets are removed' if had else 'it has none'}")
            return 0
        return run(Order.of(args, shelf))
    except _ERRORS as error:
        sys.stderr.write(f"train personal: {error}\n")
    except OSError as error:
        sys.stderr.write(f"train personal: {error}; make room or check the path, then --resume\n")
    return 1


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, all of it checked."""

    shelf: Shelf
    avatar: Avatar
    video: Path
    consent: Consent
    work: Path
    seconds: float
    resume: bool
    keep: bool
    cache: Path
    tracker_python: Path | None
    device: str

    @classmethod
    def of(cls, args: argparse.Namespace, shelf: Shelf) -> Order:
        """Raises ShelfError, DamagedAvatar, BadVideo, BadConsent."""
        if args.minutes <= 0:
            raise BadVideo(f"--minutes {args.minutes:g}: wanted more than 0; 30 are usual")
        avatar = load(shelf.info(args.avatar).folder)
        digest = sha256_of(args.video)
        work: Path = args.work / args.avatar
        consent = consent_of(args, digest, work / "order.json")
        return cls(
            shelf, avatar, args.video, consent, work, 60 * args.minutes, args.resume, args.keep,
            args.cache, args.tracker_python, args.device,
        )  # fmt: skip

    def begin(self) -> None:
        """Make the scratch folder this order's own; what another one left in it goes."""
        self.work.mkdir(parents=True, exist_ok=True, mode=0o700)
        note = self.work / "order.json"
        mine = {
            "video": self.consent.image_sha256,
            "avatar": hashlib.sha256(self.avatar.portrait.tobytes()).hexdigest(),
            "tracker": self.tracker_python is not None,
        }
        if _noted(note).get("for") != mine:
            for name in (*_PRIVATE, *KINDS):
                _delete(self.work / name)
        elif not self.resume:
            for name in KINDS:
                _delete(self.work / name)
        note.write_text(json.dumps({"for": mine, "consent": self.consent.to_json().decode()}))


_PRIVATE = ("tracks.npz", "pairs")
"""What holds the face itself; gone at the end."""


def consent_of(args: argparse.Namespace, digest: str, note: Path) -> Consent:
    """The consent given on the command line, or, resumed, the one given before for this video.

    Raises BadConsent, OSError.
    """
    if args.consent is not None and args.consent_statement is not None:
        raise BadConsent("two consents; give one of --consent FILE and --consent-statement TEXT")
    if args.consent is not None:
        return give_for(statement_in(args.consent), args.consent_by, digest)
    if args.consent_statement is not None:
        return give_for(args.consent_statement, args.consent_by, digest)
    before = _noted(note).get("consent") if args.resume else None
    if before is not None:
        given = consent_from(str(before).encode())
        if given.image_sha256 == digest:
            return given
    raise BadConsent(
        "wanted the consent of the person in the video, by one of --consent FILE and "
        "--consent-statement TEXT"
    )


def _noted(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        # No order before this one, or one cut off while it was written: begin anew.
        return {}
    return found if isinstance(found, dict) else {}


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def run(order: Order) -> int:
    """All of it; 1 where the nets are not better than everybody's and nothing is kept."""
    # In floating point, as the person's own will be: compared alike, and kept as they were trained.
    general, bases = load_nets(backend=OrtBackend()), {kind: everybodys(kind) for kind in KINDS}
    order.begin()
    found = faces_of(order)
    personal_track.check(found)
    seen, held, kept = pairs_of(order, found, general)
    work = Work(order.work, order.seconds, order.resume, replace(CONFIG, device=order.device))
    runs = {
        kind: fine_tune(kind, bases[kind], seen[kind], kept[kind], held[kind], work)
        for kind in KINDS
    }
    judged = judged_beside(order, list(runs.values()), general, held)
    better = {each.box for each in judged if each.part == "all" and each.better}
    if not better:
        sys.stderr.write(
            "train personal: neither box is better than everybody's nets on the part kept out; "
            "nothing is kept. Train longer (--resume --minutes 60), or film closer, in more light\n"
        )
        return 1
    for kind in KINDS.keys() - better:
        print(f"{kind}: not better; everybody's net stays for it")
        base = bases[kind]
        runs[kind] = replace(runs[kind], box=base.box, reference=base.reference, step=0)
    return _keep(order, found, list(runs.values()), general, held, judged)


def judged_beside(
    order: Order, runs: Sequence[RunNets], general: RendererNets, held: Mapping[str, Pairs]
) -> list[Judged]:
    """Own nets and everybody's on what was kept out: table and sheets in the scratch folder."""
    judge = judge_of(order.cache, order.tracker_python)
    with TemporaryDirectory(dir=order.work) as made:
        own = write_nets(Path(made, "nets"), runs, general)
    judged: list[Judged] = []
    for name, kind in KINDS.items():
        judged += judge_box(kind, held[name], general, own, judge)
        picture = side_by_side(kind, held[name], general, own)
        write(order.work / f"held-out-{name}.png", picture)
    told = "\n".join(table(judged))
    (order.work / "table.md").write_text(told + "\n")
    print(told)
    return judged


def _keep(
    order: Order, found: personal_track.Track, runs: Sequence[RunNets], general: RendererNets,
    held: Mapping[str, Pairs], judged: Sequence[Judged],
) -> int:  # fmt: skip
    trained, held_out = personal_pairs.parts(found)
    training = Training(
        video_s=len(found.state) / FRAME_RATE_HZ,
        trained_s=sum(map(len, trained)) / FRAME_RATE_HZ,
        held_s=sum(map(len, held_out)) / FRAME_RATE_HZ,
        consent=order.consent,
    )
    kept = keep(order.shelf, order.avatar, runs, general, held, judged, training)
    assert kept.personal is not None
    if not order.keep:
        for name in _PRIVATE:
            _delete(order.work / name)
    size = sum(path.stat().st_size for path in kept.personal.folder.iterdir())
    shown = ", ".join(f"{kind} {share:.0%}" for kind, share in kept.paste.items())
    print(
        f"{kept.personal.folder}: {size / 1e6:.1f} MB; shown: {shown}\n"
        f"curves and sheets: {order.work} (the video's boxes in it are deleted unless --keep)\n"
        "a server that runs draws with them from its next start; "
        f"back to everybody's: --avatar {kept.name} --remove"
    )
    return 0


def faces_of(order: Order) -> personal_track.Track:
    """The tracks of before, or new ones."""
    path = order.work / "tracks.npz"
    if path.exists():
        return personal_track.load(path)
    with bar("faces", round(length_of(order.video) * FRAME_RATE_HZ)) as step:
        found = personal_track.track(shots(order.video), step, order.tracker_python)
    personal_track.check(found)
    print(check_person(order.avatar, shots(order.video), found, order.tracker_python))
    found.save(path)
    return found


def pairs_of(
    order: Order, found: personal_track.Track, general: RendererNets
) -> tuple[dict[str, Pairs], dict[str, Pairs], dict[str, Pairs]]:
    """To train on, kept out, to stay as they are; those of before, or new ones."""
    folder = order.work / "pairs"
    paths = [[folder / f"{part}-{kind}.npz" for kind in KINDS] for part in ("kept", "held", "seen")]
    if not all(path.exists() for row in paths for path in row):
        pieces = sum(map(len, personal_pairs.parts(found)))
        with bar("pairs", pieces) as step:
            footage = personal_pairs.make(
                order.avatar, shots(order.video), found, sound_of(order.video, len(found.state)),
                SEED, step,
            )  # fmt: skip
        with bar("what is to stay", KEPT_COUNT) as step:
            kept = personal_pairs.kept(order.avatar, general, KEPT_COUNT, SEED, step)
        for row, part in zip(paths, (kept, footage.held, footage.seen), strict=True):
            for path, kind in zip(row, KINDS, strict=True):
                part[kind].save(path)
    kept, held, seen = ({kind: load_pairs(p) for kind, p in zip(KINDS, row, strict=True)}
                        for row in paths)  # fmt: skip
    return seen, held, kept


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar's step."""
    with Progress() as progress:
        task = progress.add_task(what, total=total or None)
        yield lambda: progress.advance(task)


def smoke(folder: Path) -> int:
    """Made-up boxes through training, export and judgement; nobody's face, nothing kept."""
    assert SMOKE.net is not None
    runs = {}
    work = Work(folder, 0, config=replace(SMOKE, plain=True), steps=SMOKE.steps)
    for kind in KINDS:
        pairs = made_up(kind)
        runs[kind] = fine_tune(kind, Nets(SMOKE.net), pairs, pairs.take([]), pairs, work)
    general = write_nets(folder / "nets", list(runs.values()), load_nets())
    judged = [
        row for name, kind in KINDS.items()
        for row in judge_box(kind, made_up(name, seed=2), general, general, None)
    ]  # fmt: skip
    print("\n".join(table(judged)))
    return 0
