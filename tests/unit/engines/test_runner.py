"""One session inside the engine: order, counters, what an interrupt leaves."""

from __future__ import annotations

from typing import Any

import pytest

from engines.chunker import Chunker
from engines.mailbox import Mailbox
from engines.meters import CostMeter
from engines.pipeline import Pipeline
from engines.render.stage import Colour, Stage
from engines.runner import FADING, EngineSession, Runner
from engines.scheduler import HELD, Drop
from engines.sharing import alone
from engines.values import AudioChunk, Picture
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.voices import voice


class Bench:
    """A runner on a fake clock; a render takes 20 ms, a motion step 1 ms."""

    def __init__(self, costs: tuple[float, ...] = (), best: int = 0) -> None:
        self.clock = FakeClock()
        wait = self.clock.advance
        motion = FakeMotionModel(delay_s=0.001, wait=wait)
        renderer = FakeRenderer(FakeAvatar(), 64, delay_s=0.02, wait=wait, costs=costs)
        self.frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest", clock=self.clock)
        self.session = EngineSession(
            "s",
            Mailbox("audio", 25, "drop-oldest", clock=self.clock),
            Mailbox("renderers", 1, "drop-oldest", clock=self.clock),
            Mailbox("wishes", 4, "drop-oldest", clock=self.clock),
        )
        self.runner = Runner(
            self.session,
            Pipeline(motion, renderer, Chunker()),
            1,
            self.frames,
            self.clock,
            0.1,
            CostMeter(len(renderer.efforts)),
            best,
        )

    def hear(self, pts: int, count: int, epoch: int = 0) -> None:
        self.session.audio.put(AudioChunk(pts, epoch, voice(count / 16_000)))
        self.runner.advance()


def test_a_deadline_counts_from_the_arrival_of_the_last_sample() -> None:
    bench = Bench()
    bench.clock.advance(5.0)
    bench.session.audio.put(AudioChunk(0, 0, voice(0.04)))
    bench.clock.advance(0.03)
    bench.runner.advance()
    assert [item.deadline_s for item in bench.runner.pending] == [pytest.approx(5.1)]


def test_a_drawn_frame_is_handed_over_and_measured() -> None:
    bench = Bench()
    bench.hear(0, 640)
    bench.runner.draw(bench.runner.pending[0])
    picture = bench.frames.get()
    assert picture is not None
    assert picture.pts == -640
    assert bench.runner.pending == []
    stats = bench.session.stats()
    assert (stats.frames_rendered, stats.frames_late) == (1, 0)
    assert stats.motion.mean_s == pytest.approx(0.001)
    assert stats.render.mean_s == pytest.approx(0.020)
    assert stats.queue.mean_s == pytest.approx(0.021)
    assert bench.runner.load().cost_s(0) == pytest.approx(0.020)


def test_a_frame_finished_after_its_deadline_is_late() -> None:
    bench = Bench()
    bench.hear(0, 640)
    bench.clock.advance(0.09)
    bench.runner.draw(bench.runner.pending[0])
    assert bench.session.stats().frames_late == 1
    assert bench.runner.load().late_share > 0


def test_drops_are_counted_by_their_reason() -> None:
    bench = Bench()
    bench.hear(0, 1920)
    one, two, three = bench.runner.pending
    bench.runner.drop(Drop(one, "late"))
    bench.runner.drop(Drop(two, "overflow"))
    assert bench.runner.load().starved == 2
    bench.runner.drop(Drop(three, "rung"))
    assert bench.runner.load().starved == 2
    stats = bench.session.stats()
    assert (stats.frames_dropped, stats.frames_held) == (2, 1)
    assert stats.motion.steps == 3


def test_a_picture_ends_the_starving() -> None:
    bench = Bench()
    bench.hear(0, 1280)
    bench.runner.drop(Drop(bench.runner.pending[0], "late"))
    bench.runner.draw(bench.runner.pending[0])
    assert bench.runner.load().starved == 0


def test_an_interrupt_forgets_what_waited() -> None:
    bench = Bench()
    bench.hear(0, 1280)
    bench.hear(1280, 640, epoch=1)
    assert [item.pts for item in bench.runner.pending] == [640]
    stats = bench.session.stats()
    assert (stats.epoch, stats.pts, stats.frames_dropped) == (1, 640, 2)


def test_the_first_window_of_a_seamless_epoch_is_heard_and_not_drawn() -> None:
    bench = Bench()
    bench.hear(0, 3200)
    bench.session.audio.put(AudioChunk(3200, 1, voice(0.12), seamless=True))
    bench.runner.advance()
    # It lies before 40 ms of the new sound; in the picture drawn before it nothing is missing.
    assert [item.pts for item in bench.runner.pending] == [3200, 3840]
    assert bench.session.stats().epoch == 1 and bench.session.stats().pts == 3840
    bench.runner.draw(bench.runner.pending[0])
    bench.session.audio.put(AudioChunk(5120, 1, voice(0.04), seamless=True))
    bench.runner.advance()
    assert [item.pts for item in bench.runner.pending] == [3840, 4480]


def test_what_the_sound_lost_is_told() -> None:
    bench = Bench()
    bench.hear(0, 640, epoch=1)
    bench.hear(700, 640, epoch=1)
    bench.hear(700, 100, epoch=1)
    bench.hear(0, 50, epoch=0)
    bench.hear(90_000, 640, epoch=1)
    stats = bench.session.stats()
    assert (stats.samples_filled, stats.samples_late, stats.jumps) == (60, 150, 1)


def test_the_age_of_waiting_sound_is_told() -> None:
    bench = Bench()
    bench.session.audio.put(AudioChunk(0, 0, voice(0.02)))
    bench.clock.advance(0.3)
    assert bench.session.stats().audio_age_s == pytest.approx(0.3)


def test_a_new_renderer_draws_from_the_next_frame_on() -> None:
    bench = Bench()
    bench.hear(0, 640)
    other = FakeRenderer(FakeAvatar(), 64, Stage(Colour((9, 9, 9))))
    bench.session.renderers.put(other)
    bench.hear(640, 1280)
    while bench.runner.pending:
        bench.runner.draw(bench.runner.pending[0])
    pictures = bench.frames.take_all()
    assert len(pictures) > 1 and all((picture.image[0] == 9).all() for picture in pictures)
    assert other.rendered == len(pictures)


def test_a_rung_says_how_it_is_drawn_and_is_counted() -> None:
    bench = Bench(costs=(0.03, 0.01))
    for frame, rung in enumerate((0, 1, 2)):
        bench.hear(640 * frame, 640)
        bench.runner.stand(rung)
        bench.runner.draw(bench.runner.pending[0])
    stats = bench.session.stats()
    assert stats.rung == 2 and stats.rung_name == HELD
    assert stats.drawn == {"way 0": 1, "way 1": 1, HELD: 1}


def test_pictures_that_still_fade_tell_nothing_of_the_cost() -> None:
    bench = Bench(costs=(0.03, 0.01))
    bench.runner.stand(0)
    bench.hear(0, 640)
    bench.runner.draw(bench.runner.pending[0])
    bench.runner.stand(1)
    for frame in range(1, FADING + 1):
        bench.hear(640 * frame, 640)
        bench.runner.draw(bench.runner.pending[0])
    assert bench.runner.load().costs_s == pytest.approx((0.03, 0.03))
    bench.hear(640 * (FADING + 1), 640)
    bench.runner.draw(bench.runner.pending[0])
    assert bench.runner.load().costs_s == pytest.approx((0.03, 0.01))


def test_costs_are_what_was_worked_and_not_what_passed() -> None:
    bench, worked = Bench(), FakeClock()
    bench.runner._worked = worked
    pipeline: Any = bench.runner._pipeline
    draw = pipeline.draw

    def drawn(*args: Any) -> Any:
        worked.advance(0.007)
        return draw(*args)

    pipeline.draw = drawn
    bench.hear(0, 640)
    bench.runner.draw(bench.runner.pending[0])
    stats, load = bench.session.stats(), bench.runner.load()
    assert (stats.render.mean_s, stats.work.mean_s) == pytest.approx((0.020, 0.007))
    assert (load.cost_s(0), load.motion_s) == pytest.approx((0.007, 0.0))


def test_when_a_frame_was_last_late_is_told() -> None:
    bench = Bench()
    bench.hear(0, 1280)
    assert bench.runner.load().late_s == float("-inf")
    bench.clock.advance(3.0)
    bench.runner.drop(Drop(bench.runner.pending[0], "late"))
    dropped_s = bench.clock()
    assert bench.runner.load().late_s == dropped_s
    bench.runner.draw(bench.runner.pending[0])
    assert bench.runner.load().late_s == bench.clock() > dropped_s


def test_one_may_ask_for_less_than_the_best() -> None:
    assert Bench(costs=(0.03, 0.01), best=1).runner.load().best == 1
    assert Bench(best=4).runner.load().best == 0


def test_a_picture_made_beside_others_is_handed_over_and_counted_alike() -> None:
    bench = Bench()
    bench.hear(0, 640)
    (ready,) = bench.runner.pending
    assert ready.arrived_s == 0.0
    picture = alone(bench.runner.begin(ready))
    assert bench.runner.pending == [] and bench.frames.get() is None
    bench.runner.hand_over(ready, picture)
    assert bench.frames.get() is picture
    stats = bench.session.stats()
    assert (stats.frames_rendered, stats.frames_late) == (1, 0)
    assert stats.queue.mean_s == pytest.approx(0.021)
    # What it cost is told by whoever drew the batch.
    assert stats.render.steps == 0 and bench.runner.load().cost_s(0) == 0


def test_after_a_change_of_rung_it_fades() -> None:
    bench = Bench(costs=(0.03, 0.01))
    bench.runner.stand(1)
    assert bench.runner.fading
    for frame in range(FADING):
        bench.hear(640 * frame, 640)
        bench.runner.draw(bench.runner.pending[0])
    assert not bench.runner.fading
