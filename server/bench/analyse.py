"""From what a measuring client recorded to latencies: joins sounds, reports and pictures.

Pure; called once a run has ended.
Never measures anything itself and holds no clock.

Every sound of the fake microphone begins after silence. Its path is followed by three clocks that
are one on a loopback machine: the client hears it in its microphone (`heard`), the server reports
its media time (`report`), the client is shown the first picture of that media time or later (the
strip in the picture says which it is), and hears it come back (`echo`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from engines.values import FRAME_RATE_HZ, FRAME_SAMPLES, SAMPLE_RATE_HZ
from server.probe import MODULUS

FRAME_MS = 1000 / FRAME_RATE_HZ
SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000
REPORT_FROM_MS, REPORT_TO_MS = -200.0, 1000.0
"""A report that arrives in this span around a sound is of that sound; clicks are 1.1 s apart."""
ALONE_MS = 800.0
"""A sound sooner after another (speech has such) could be taken for the other's echo."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture as the client presented it; times are wall ms."""

    at_ms: float
    """When it was (about to be) on the screen."""
    frame: int
    """Number modulo 2^24 read from its strip."""
    sent_ms: int | None
    """When it left the player, modulo 2^24; None where that row was unreadable."""
    presented: int
    """The client's counter of presented pictures: a jump tells of callbacks it missed."""
    received_ms: float | None = None
    """When its last packet came, where the client knows."""
    moved: float | None = None
    """Change of the picture around the mouth since the one before, where the client looks."""
    drawn_ms: float | None = None
    """When the server had drawn it (its clock), joined by the number in the strip."""


@dataclass(frozen=True, slots=True)
class Report:
    """The server's word on one sound."""

    arrived_ms: float
    """When it reached the client (its clock)."""
    onset_pts: int
    heard_ms: float
    """When the server heard it (the server's clock)."""


@dataclass(slots=True)
class Recording:
    """Everything one client recorded in one session, each list in order of time."""

    heard_ms: list[float] = field(default_factory=list)
    echo_ms: list[float] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound followed from the microphone to the mouth and back to the ear; all ms."""

    at_ms: float
    """Wall time in the microphone."""
    mouth: float
    """Until the first picture whose media time is the sound's or later."""
    echo: float | None
    """Until the returned voice."""
    av: float | None
    """Returned voice minus picture at equal media time; + means that the voice is late."""
    uplink: float
    """Microphone to the server's media clock (one machine only)."""
    server: float | None
    """Media clock to the player's release of that picture."""
    downlink: float | None
    """Release to the screen: encoding, network, the client's buffer, decoding, its display."""
    display: float | None = None
    """The part of `downlink` after the picture's last packet came."""
    beyond: float = 0.0
    """How far the picture's media time lies after the sound's: 0 to 40 by chance."""
    drawing: float | None = None
    """The part of `server` until that picture is drawn: look-ahead, queues, motion, renderer."""
    waiting: float | None = None
    """The part of `server` from there to the release: the playout's delay."""


def later_or_equal(frame: int, other: int) -> bool:
    """Whether frame number `frame` is `other` or after it, modulo 2^24."""
    return (frame - other) % MODULUS < MODULUS // 2


def near(value: int, reference_ms: float) -> float:
    """The wall time congruent to `value` modulo 2^24 ms that lies nearest to the reference."""
    distance = (value - reference_ms) % MODULUS
    return reference_ms + (distance - MODULUS if distance > MODULUS / 2 else distance)


def follow(recording: Recording, *, settle_until_ms: float = 0.0) -> tuple[list[Sound], int]:
    """Each sound after `settle_until_ms` that can be followed, and how many could not.

    A sound soon after another, or at the very end, whose picture was never awaited, counts as
    neither.
    """
    sounds: list[Sound] = []
    lost = 0
    times = [report.arrived_ms for report in recording.reports]
    last_ms = recording.shown[-1].at_ms if recording.shown else 0.0
    before_ms = 0.0
    for at_ms in recording.heard_ms:
        alone = at_ms - before_ms >= ALONE_MS
        before_ms = at_ms
        if not alone or at_ms < settle_until_ms or at_ms > last_ms - REPORT_TO_MS:
            continue
        index = bisect_left(times, at_ms + REPORT_FROM_MS)
        report = recording.reports[index] if index < len(times) else None
        if report is None or report.arrived_ms > at_ms + REPORT_TO_MS:
            lost += 1
            continue
        picture = _matching(recording.shown, report.onset_pts, at_ms)
        if picture is None:
            lost += 1
        else:
            sounds.append(_sound(at_ms, report, picture, _first_after(recording.echo_ms, at_ms)))
    return sounds, lost


def _matching(shown: Sequence[Shown], onset_pts: int, at_ms: float) -> Shown | None:
    wanted = -(-onset_pts // FRAME_SAMPLES)
    start = bisect_left(shown, at_ms, key=lambda picture: picture.at_ms)
    for picture in shown[start:]:
        if picture.at_ms > at_ms + 2 * REPORT_TO_MS:
            return None
        if later_or_equal(picture.frame, wanted % MODULUS):
            return picture
    return None


def _first_after(times: Sequence[float], at_ms: float) -> float | None:
    index = bisect_left(times, at_ms)
    found = times[index] if index < len(times) else None
    return found if found is not None and found <= at_ms + REPORT_TO_MS else None


def _sound(at_ms: float, report: Report, picture: Shown, echo_ms: float | None) -> Sound:
    # How far the picture's own media time lies after the sound's.
    beyond = (picture.frame * FRAME_SAMPLES - report.onset_pts) % (MODULUS * FRAME_SAMPLES)
    same_media_ms = picture.at_ms - beyond / SAMPLES_PER_MS
    sent_ms = None if picture.sent_ms is None else near(picture.sent_ms, picture.at_ms)
    return Sound(
        at_ms=at_ms,
        mouth=picture.at_ms - at_ms,
        echo=None if echo_ms is None else echo_ms - at_ms,
        av=None if echo_ms is None else echo_ms - same_media_ms,
        uplink=report.heard_ms - at_ms,
        server=None if sent_ms is None else sent_ms - report.heard_ms,
        downlink=None if sent_ms is None else picture.at_ms - sent_ms,
        display=None if picture.received_ms is None else picture.at_ms - picture.received_ms,
        beyond=beyond / SAMPLES_PER_MS,
        drawing=None if picture.drawn_ms is None else picture.drawn_ms - report.heard_ms,
        waiting=(
            None if picture.drawn_ms is None or sent_ms is None else sent_ms - picture.drawn_ms
        ),
    )


CALM_MS, SEEN_MS = 400.0, 900.0
"""How long before a sound the mouth is still, and how long after it a movement is looked for."""
CLEARLY = 4.0
"""A movement is seen when it is this many times the median of the still mouth (sway, noise)."""


def seen_movements(recording: Recording, *, settle_until_ms: float = 0.0) -> list[float]:
    """Ms from each sound to the first picture in which the mouth visibly moves.

    It checks the strip, which only says what a picture claims to show. Sounds in which no clear
    movement is seen are left out: the picture of a quiet sound moves little.
    """
    found: list[float] = []
    looked = [picture for picture in recording.shown if picture.moved is not None]
    for at_ms in recording.heard_ms:
        if at_ms < settle_until_ms:
            continue
        start = bisect_left(looked, at_ms - CALM_MS, key=lambda picture: picture.at_ms)
        heard = bisect_left(looked, at_ms, key=lambda picture: picture.at_ms)
        still = [picture.moved or 0.0 for picture in looked[start:heard]]
        if not still:
            continue
        threshold = CLEARLY * sorted(still)[len(still) // 2]
        for picture in looked[heard:]:
            if picture.at_ms > at_ms + SEEN_MS:
                break
            if (picture.moved or 0.0) > threshold:
                found.append(picture.at_ms - at_ms)
                break
    return found


@dataclass(frozen=True, slots=True)
class Flow:
    """How evenly pictures were shown."""

    seconds: float
    fps: float
    """Pictures presented a second (those with a missed callback included)."""
    intervals: list[float]
    """Ms between pictures; where callbacks were missed, the gap shared among the pictures in it."""
    missed_callbacks: int
    repeated: int
    """Pictures that show the same media time as the one before (held)."""
    skipped: int
    """Media frames that were never presented."""
    longest_ms: float
    """Largest gap between two callbacks, whatever was presented in it."""

    @property
    def new_fps(self) -> float:
        """Pictures presented a second that were not held ones."""
        fresh = len(self.intervals) - self.repeated
        return fresh / self.seconds if self.seconds > 0 else 0.0


def flow(shown: Sequence[Shown], *, settle_until_ms: float = 0.0) -> Flow | None:
    """Evenness of the pictures presented after `settle_until_ms`; None with fewer than two."""
    kept = [picture for picture in shown if picture.at_ms >= settle_until_ms]
    if len(kept) < 2:
        return None
    intervals: list[float] = []
    missed = repeated = skipped = 0
    longest = 0.0
    for before, after in zip(kept, kept[1:], strict=False):
        gap = after.at_ms - before.at_ms
        longest = max(longest, gap)
        count = max(1, after.presented - before.presented)
        missed += count - 1
        intervals += [gap / count] * count
        step = (after.frame - before.frame) % MODULUS
        repeated += step == 0
        skipped += max(0, step - count) if step < MODULUS // 2 else 0
    seconds = (kept[-1].at_ms - kept[0].at_ms) / 1000
    fps = len(intervals) / seconds if seconds > 0 else 0.0
    return Flow(seconds, fps, intervals, missed, repeated, skipped, longest)


def frame_ages(shown: Sequence[Shown], *, settle_until_ms: float = 0.0) -> list[float]:
    """Ms from leaving the player to the screen (one machine only), each picture once."""
    ages: list[float] = []
    frame: int | None = None
    for picture in shown:
        # A held picture is sent again with the strip of its first time.
        if picture.frame == frame or picture.at_ms < settle_until_ms:
            continue
        frame = picture.frame
        if picture.sent_ms is not None:
            ages.append(picture.at_ms - near(picture.sent_ms, picture.at_ms))
    return ages
