"""The virtual microphone: made and removed by calls of pactl, whatever fails in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from server.camera.devices import CameraError
from server.camera.sound import Loudspeaker, VirtualMicrophone, run_program


class Pactl:
    """Says what it was asked, and fails on one of the modules when told to."""

    def __init__(self, fail_on: str = "") -> None:
        self.asked: list[tuple[str, ...]] = []
        self.fail_on = fail_on

    async def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        self.asked.append(tuple(command))
        if self.fail_on and self.fail_on in command:
            return 1, "Failure: Module initialization failed"
        return 0, str(20 + len(self.asked))


async def test_what_was_made_is_removed_last_first() -> None:
    pactl = Pactl()
    made = VirtualMicrophone(pactl)
    await made.open()
    await made.aclose()
    await made.aclose()
    verbs = [(asked[1], asked[2]) for asked in pactl.asked]
    assert verbs == [
        ("load-module", "module-null-sink"),
        ("load-module", "module-remap-source"),
        ("unload-module", "22"),
        ("unload-module", "21"),
    ]


async def test_half_a_microphone_is_not_left() -> None:
    pactl = Pactl("module-remap-source")
    with pytest.raises(CameraError, match="module-remap-source.*initialization failed"):
        await VirtualMicrophone(pactl).open()
    assert pactl.asked[-1][1:] == ("unload-module", "21")


async def test_a_program_that_fails_is_told() -> None:
    assert await run_program(("sh", "-c", "echo no; exit 3")) == (3, "no")


async def test_nothing_is_played_before_it_is_open() -> None:
    speaker = Loudspeaker()
    speaker.play(np.zeros(320, np.float32))
    await speaker.aclose()
    assert speaker.dropped == 0
