"""Opens a net for ONNX Runtime on the CPU: the one set of options for all nets that ship.

Any thread; the session may then be shared by threads that only run it.
Never checks where the bytes came from: each weights folder has a manifest for that.
"""

from __future__ import annotations

import onnxruntime


def open_session(weights: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session over the bytes of an ONNX file, run on `threads` threads.

    Raises what ONNX Runtime raises for bytes that are no net; its errors have no common type.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Spinning threads would steal the second core from the codecs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
