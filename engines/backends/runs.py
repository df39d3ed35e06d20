"""On what a network runs: back-end, library, precision; for logs, metrics and people.

Plain data; any thread.
Never decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runs:
    """Of one loaded network, at this moment."""

    backend: str
    """As `Backend.kind`: "onnxruntime-cpu", "tensorrt_rtx", "torch-cuda"."""
    version: str
    """Of the library."""
    precision: str
    """Of what costs: "fp32", "fp16", "int8", "fp8"."""

    def __str__(self) -> str:
        return f"{self.backend} {self.version}, {self.precision}"
