"""The browser's half of the probe gives what the Python half gives (run by node)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server import probe

PAGE = Path(probe.__file__).parent / "bench" / "page"


def node() -> str:
    """The node on the path, else the one inside playwright."""
    found = shutil.which("node")
    if found is None:
        driver = pytest.importorskip("playwright._impl._driver")
        found = str(driver.compute_driver_executable()[0])
    return found


def run_js(code: str, data: Any) -> Any:
    script = f"const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n{code}"
    done = subprocess.run(
        [node(), "-e", script], input=json.dumps(data), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


READ_STRIP = f"""
import({json.dumps((PAGE / "strip.js").as_uri())}).then(({{ readStrip }}) => {{
  console.log(JSON.stringify(input.map(({{ data, width }}) =>
    readStrip(Uint8Array.from(data), width))));
}});
"""
FIND_ONSETS = f"""
import({json.dumps((PAGE / "onset.js").as_uri())}).then(({{ Detector }}) => {{
  const detector = new Detector(input.rate);
  const out = [];
  for (let i = 0; i < input.samples.length; i += 128)
    out.push(...detector.step(input.samples.slice(i, i + 128)));
  console.log(JSON.stringify(out));
}});
"""


def strip_pixels(width: int, frame: int, sent_ms: int) -> dict[str, Any]:
    noise = np.random.default_rng(width).integers(0, 255, (64, width, 3), dtype=np.uint8)
    side = width // probe.BLOCKS
    image = probe.stamp(noise, frame, sent_ms)[-2 * side :]
    rgba = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    return {"data": rgba.ravel().tolist(), "width": width}


def test_page_reads_the_strip_that_python_draws() -> None:
    cases = [(256, 0, 1), (384, 9_999_999, 2**24 - 1), (512, 123_456, 987_654)]
    blank = {"data": [0] * (512 * 32 * 4), "width": 512}
    seen = run_js(READ_STRIP, [*(strip_pixels(*case) for case in cases), blank])
    assert seen == [*({"frame": f, "sent_ms": s} for _, f, s in cases), None]


def test_page_and_python_find_the_same_onsets() -> None:
    rng = np.random.default_rng(5)
    sound = (rng.standard_normal(16000) * 0.003).astype(np.float32)
    for start in (2000, 3000, 7111, 13579):
        burst = np.sin(np.arange(700) * 0.4, dtype=np.float32) * np.hanning(1400)[:700]
        sound[start : start + 700] += 0.6 * burst.astype(np.float32)
    detector = probe.OnsetDetector()
    here = detector.step(detector.new_state(), 0, sound)
    there = run_js(FIND_ONSETS, {"rate": 16000, "samples": [float(x) for x in sound]})
    assert len(here) == 3  # 3000 comes too soon after 2000
    assert there == here
