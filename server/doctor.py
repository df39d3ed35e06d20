"""`synchrorama doctor`: what works on this machine, and what to do about the rest.

Runs on the main thread; a few seconds.
Never changes anything on the machine and sends nothing outside it but to configured STUN servers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from server.settings import Settings

State = Literal["ok", "warn", "fail"]
MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    state: State
    """fail: the server cannot work so; warn: something is slower or missing."""
    said: str
    remedy: str = ""


Check = Callable[[Settings], Finding]


def examine(settings: Settings, checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """Run every check; one that breaks is itself a finding."""
    return [_run(name, check, settings) for name, check in checks]


def _run(name: str, check: Check, settings: Settings) -> Finding:
    try:
        return check(settings)
    except Exception as error:  # a doctor that dies of the first illness helps nobody
        said = f"{type(error).__name__}: {error}"[:300]
        return Finding(name, "fail", said, "reinstall (make install); if it stays, report it")


def as_text(findings: Sequence[Finding]) -> str:
    """One line each, remedies below."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.state]}  {finding.name:<{width}}  {finding.said}")
        if finding.remedy and finding.state != "ok":
            lines.append(f"{'':<{width + 8}}-> {finding.remedy}")
    failed = [finding.name for finding in findings if finding.state == "fail"]
    said = f"the server cannot work so; to be mended: {', '.join(failed)}"
    lines.append(said if failed else "everything the server needs works")
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """A list of objects."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)
