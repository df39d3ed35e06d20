"""Actions: they do what they say, end where they began, and there are never too many."""

from __future__ import annotations

import numpy as np
import pytest

from engines.motion.actions import ACTIONS, MAX_RUNNING, begin_action, new_actions, step_actions
from engines.motion.face import CHANNEL_INDEX
from engines.values import F32, FRAME_RATE_HZ


def play(name: str, seed: int = 1) -> F32:
    state = new_actions(seed)
    begin_action(state, name)
    rows = []
    while state.running:
        rows.append(step_actions(state))
    return np.stack(rows)


@pytest.mark.parametrize("name", ACTIONS)
def test_each_ends_where_it_began_without_a_jump(name: str) -> None:
    curve = play(name)
    assert 0.3 * FRAME_RATE_HZ < len(curve) < 3 * FRAME_RATE_HZ
    assert np.isfinite(curve).all()
    assert np.abs(curve).max() <= 1.0
    assert np.abs(curve).max() > 0.05
    pose = curve[:, CHANNEL_INDEX["headPitch"] : CHANNEL_INDEX["headRoll"] + 1]
    padded = np.pad(pose, ((1, 1), (0, 0)))
    # 3 degrees a frame is 75 a second: a brisk shake of the head.
    assert np.abs(np.diff(padded, axis=0)).max() < 0.053


def test_what_they_say() -> None:
    pitch, yaw = CHANNEL_INDEX["headPitch"], CHANNEL_INDEX["headYaw"]
    assert play("nod")[:, pitch].max() > 0.08
    shake = play("shake")[:, yaw]
    assert shake.max() > 0.03 and shake.min() < -0.03
    look = CHANNEL_INDEX["lookLeft"]
    assert play("look_left")[:, look].max() > 0.6
    assert play("look_right")[:, look].min() < -0.6
    assert play("look_down")[:, CHANNEL_INDEX["lookDown"]].max() > 0.6
    assert play("raise_brows")[:, CHANNEL_INDEX["browInner"]].max() > 0.5
    assert play("laugh")[:, CHANNEL_INDEX["jaw"]].max() > 0.1
    wink = play("wink")
    assert wink[:, CHANNEL_INDEX["blinkLeft"]].max() > 0.9
    assert not wink[:, CHANNEL_INDEX["blinkRight"]].any()


def test_eyes_stay_on_the_camera_in_a_nod() -> None:
    curve = play("nod")
    down = curve[:, CHANNEL_INDEX["lookDown"]]
    assert down.min() < -0.1 and down.max() <= 0


def test_seeds_differ_and_repeat() -> None:
    assert (play("shake", 1) == play("shake", 1)).all()
    assert any((play("shake", 1)[:20] != play("shake", s)[:20]).any() for s in range(2, 6))


def test_an_unknown_action_is_told() -> None:
    with pytest.raises(ValueError, match="wanted one of nod"):
        begin_action(new_actions(1), "fly" * 100)


def test_of_too_many_the_oldest_go() -> None:
    state = new_actions(1)
    for _ in range(50):
        begin_action(state, "smile")
    assert len(state.running) == MAX_RUNNING
    for _ in range(100):
        step_actions(state)
    assert not state.running
