"""Speech through stalls of the event loop, on virtual time: nothing is lost, each is told once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import F32
from server.delay import DelayController, DelayLimits
from server.push_timeline import PushTimeline
from server.timeline import SegmentEvent
from tests.unit.server.test_player import RATE, Rig

STEP = st.tuples(
    st.sampled_from(("push", "stall", "run")),
    st.integers(1, 1500),
    st.integers(1, 16000),
)


class Stalled:
    """Numbered samples pushed into a call whose loop stands still now and then."""

    def __init__(self, lead_s: float) -> None:
        self.timeline = PushTimeline(lead_s=lead_s)
        self.rig = Rig(self.timeline)
        self.rig.player._on_segment = self._event
        # A delay that grows repeats sound, which is no matter of stalls.
        self.rig.player.playout.delay = DelayController(DelayLimits(140, 140, 140))
        self.heard: list[F32] = []
        self.pushed: dict[str, F32] = {}
        self.events: list[tuple[SegmentEvent, int]] = []
        """With the number of samples of speech that had gone out."""

    def push(self, count: int) -> None:
        name, first = f"n{len(self.pushed)}", 1 + sum(map(len, self.pushed.values()))
        self.pushed[name] = (np.arange(first, first + count) / 2**20).astype(np.float32)
        self.timeline.start_segment(name)
        self.timeline.push(self.pushed[name])
        self.timeline.end_segment()

    def run(self, ms: int) -> None:
        self.rig.run(ms / 1000)
        self.hear()

    def stall(self, ms: int) -> None:
        self.rig.clock.advance(ms / 1000)

    def hear(self) -> int:
        self.heard += [item.samples for item in self.rig.audio.take_all()]
        self.rig.video.take_all()
        return int(sum(np.count_nonzero(samples) for samples in self.heard))

    def _event(self, event: SegmentEvent) -> None:
        self.events.append((event, self.hear()))


@given(st.lists(STEP, min_size=1, max_size=8), st.sampled_from([0.0, 0.08]))
@settings(max_examples=25, deadline=None)
def test_a_stall_loses_nothing_of_any_segment(
    steps: list[tuple[str, int, int]], lead_s: float
) -> None:
    call = Stalled(lead_s)
    call.run(300)
    for what, ms, count in steps:
        if what == "push":
            # As the loop wakes: what came in a stall is read before the tick.
            call.push(count)
        elif what == "stall":
            call.stall(ms)
        else:
            call.run(ms)
    call.run(1200 + sum(map(len, call.pushed.values())) * 1000 // RATE)
    whole = np.concatenate([*call.pushed.values(), np.zeros(0, np.float32)])
    sound = np.concatenate(call.heard)
    np.testing.assert_array_equal(sound[sound > 0], whole)
    assert [(each.kind, each.segment) for each, _ in call.events] == [
        (kind, name) for name in call.pushed for kind in ("started", "finished")
    ]
    gone = 0
    for name, (event, heard) in zip(call.pushed, call.events[1::2], strict=True):
        gone += len(call.pushed[name])
        assert event.position_s == len(call.pushed[name]) / RATE and not event.interrupted
        assert gone <= heard < gone + 320
    # Where nothing is said the time that was lost is made up for.
    assert call.rig.player._behind == 0


def test_a_delay_that_shrinks_leaves_no_speech_out() -> None:
    call = Stalled(0.08)
    call.rig.player.playout.delay = delay = DelayController(DelayLimits(200, 100, 400))
    call.run(500)
    call.push(8 * RATE)
    call.run(8500)
    sound = np.concatenate(call.heard)
    np.testing.assert_array_equal(sound[sound > 0], call.pushed["n0"])
    # Pictures of speech come early because it was known: they say nothing of those of silence.
    assert delay.delay_ms == 200
    call.run(6000)
    assert delay.delay_ms < 200


def test_media_time_waits_out_a_stall_only_while_there_is_speech() -> None:
    call = Stalled(0.08)
    call.run(1000)
    player = call.rig.player
    before = player.playout.cursor
    call.stall(500)
    call.run(100)
    assert player.playout.cursor - before == round(0.6 * RATE)
    call.push(RATE)
    call.run(300)
    before = player.playout.cursor
    call.stall(500)
    call.run(100)
    assert round(0.1 * RATE) <= player.playout.cursor - before <= round(0.12 * RATE)
    player.interrupt()
    call.run(20)
    assert player.playout.cursor - before >= round(0.62 * RATE)
    assert call.events[-1][0].interrupted
