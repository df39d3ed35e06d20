"""Each fault has a code of its own."""

from __future__ import annotations

from server.voices import faults
from server.voices.faults import VoiceFault


def test_codes_are_one_for_each_class() -> None:
    kinds = [each for each in vars(faults).values() if isinstance(each, type)]
    codes = {each.code for each in kinds if issubclass(each, VoiceFault)}
    assert len(codes) == len([each for each in kinds if issubclass(each, VoiceFault)])


def test_a_fault_carries_what_to_do() -> None:
    fault = faults.VoiceBusy("no more now", "wait 7 s")
    assert (str(fault), fault.message, fault.hint) == ("no more now", "no more now", "wait 7 s")
