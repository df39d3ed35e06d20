"""The form of the bench's JSON: what stands in it, and what reading refuses.

Pure but for the one file it reads.
Never reads a file of another version of the form: figures would be taken for others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator

from server.bench.needs import BenchError

SCHEMA = "synchrorama-bench/2"
"""1 had no samples of rows, no commit and no confidence of p95 and p99."""
LARGEST_BYTES = 256 * 1024 * 1024


class Strict(BaseModel):
    """Nothing unknown, nothing of another kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


Interval = tuple[FiniteFloat, FiniteFloat]


class SummaryOf(Strict):
    """Of the samples of a row, in its unit."""

    count: int = Field(ge=1)
    p50: FiniteFloat
    p95: FiniteFloat
    p99: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    p50_interval: Interval = Field(strict=False)
    p95_interval: Interval = Field(strict=False)
    p99_interval: Interval = Field(strict=False)


class BarOf(Strict):
    """`low <= quantile <= high`."""

    quantile: Literal["p50", "p95", "p99", "low", "high"]
    low: FiniteFloat | None
    high: FiniteFloat | None


class RowOf(Strict):
    """One measured thing."""

    name: str = Field(min_length=1, max_length=200)
    unit: str = Field(max_length=40)
    summary: SummaryOf | None
    bars: tuple[BarOf, ...] = Field(strict=False)
    held: bool | None
    samples: tuple[FiniteFloat, ...] = Field(strict=False)


class Moment(BaseModel):
    """What is reckoned with of `machine`: how much of it there was. The rest is for readers."""

    stolen: float = Field(0.0, ge=0, le=1)
    loop_ms: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = ()


class Document(Strict):
    """One run of one bench."""

    version: Literal["synchrorama-bench/2"] = Field(alias="schema")
    commit: str | None
    kind: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z-]*$")
    when: str
    """ISO 8601 in UTC."""
    command: str
    machine: dict[str, Any]
    versions: dict[str, str]
    settings: dict[str, Any]
    rows: tuple[RowOf, ...] = Field(strict=False)
    held: bool
    notes: tuple[str, ...] = Field(strict=False)
    raw: dict[str, Any]

    @field_validator("machine")
    @classmethod
    def _moment(cls, machine: dict[str, Any]) -> dict[str, Any]:
        Moment.model_validate(machine)
        return machine

    def row(self, name: str) -> RowOf | None:
        """The row of this name, or None."""
        return next((each for each in self.rows if each.name == name), None)

    def samples(self, name: str) -> tuple[float, ...]:
        """The samples of a row; none where there is no such row."""
        found = self.row(name)
        return () if found is None else found.samples


def read(path: Path) -> Document:
    """The document in a file. Raises BenchError naming the file and what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BenchError(f"{path}: larger than {LARGEST_BYTES} bytes, no output of the bench")
        return Document.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise BenchError(
            f"{path}: not of the form {SCHEMA}: {where}: {first['msg']}; measure again with --json"
        ) from error
