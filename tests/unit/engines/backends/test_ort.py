"""Opening nets: the shipped ones open with the wanted threads; other bytes do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.backends.ort import open_session
from engines.motion.a2m import DEFAULT_FOLDER


@pytest.mark.parametrize("threads", [1, 2])
def test_a_net_opens_on_the_cpu_with_its_threads(threads: int) -> None:
    session = open_session((DEFAULT_FOLDER / "motion.onnx").read_bytes(), threads)
    options = session.get_session_options()
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (threads, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_what_is_no_net_is_refused() -> None:
    with pytest.raises(Exception, match="(?i)protobuf|invalid|fail"):
        open_session(Path(__file__).read_bytes())
