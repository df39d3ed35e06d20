"""Sound as the server takes it."""

from __future__ import annotations

import numpy as np
import pytest
from pipecat_synchrorama.pcm import mono, rate_for


def test_one_channel_is_left_alone_and_two_are_mixed() -> None:
    assert mono(b"abcd", 1) == b"abcd"
    stereo = np.array([[100, 200], [-32768, -32768]], "<i2").tobytes()
    assert np.frombuffer(mono(stereo, 2), "<i2").tolist() == [150, -32768]


@pytest.mark.parametrize(("length", "channels"), [(3, 1), (6, 2), (4, 0), (4, -1)])
def test_what_is_not_pcm16_is_refused(length: int, channels: int) -> None:
    with pytest.raises(ValueError, match="not PCM16"):
        mono(bytes(length), channels)


def test_rates_the_server_knows_are_kept() -> None:
    assert rate_for(22_050, (16_000, 22_050, 24_000)) == 22_050
    assert rate_for(44_056, (16_000, 22_050, 24_000)) == 24_000
    assert rate_for(1, (8_000,)) == 8_000
