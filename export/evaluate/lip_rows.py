"""The rows that the lip evaluation prints.

Offline; prints to standard output.
Never computes a figure itself: `lip_metrics` does.
"""

from __future__ import annotations

from export.data.lip_geometry import GEOMETRY_NAMES
from export.evaluate.lip_metrics import Track, closures, follow

COLUMNS = ("aperture", "width", "jaw", "protrusion")
HEAD = f"{'':<34}" + "".join(f"{name:>11}" for name in COLUMNS) + f"{'lag':>6}{'sd':>7}{'mean':>7}"


def show(label: str, tracks: list[Track]) -> dict[str, float]:
    """One row: in-speech r of four distances; lag, sd and mean ratio of the aperture."""
    rows = [follow(tracks, GEOMETRY_NAMES.index(name)) for name in COLUMNS]
    first = rows[0]
    values = "".join(f"{row.r:>11.3f}" for row in rows)
    print(f"{label:<34}{values}{first.lag:>6d}{first.sd_ratio:>7.2f}{first.mean_ratio:>7.2f}")
    figures = {"r": first.r, "lag": float(first.lag), "sd_ratio": first.sd_ratio}
    return figures | {f"{name} r": row.r for name, row in zip(COLUMNS[1:], rows[1:], strict=True)}


def show_closures(label: str, tracks: list[Track], *, real: bool = False) -> dict[str, float]:
    """One row of closures."""
    c = closures(tracks, real=real)
    print(
        f"{label:<34}p/b/m closed {c.closed:6.1%} of {c.bilabials}, open vowels closed "
        f"{c.vowels_closed:5.1%} of {c.vowels}, frame F1 {c.frame_f1:.2f}"
    )
    return {"closed": c.closed, "vowels_closed": c.vowels_closed}
