from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import pytest

from server.bench.machine import Clocks, Meter, clocks, cpu_name, loop_ms, machine, versions


def test_machine_says_what_a_figure_needs() -> None:
    found = machine()
    assert found["cores"] == os.cpu_count()
    assert found["memory_gib"] > 0 and found["python"] == platform.python_version()
    assert 0 <= found["busy_before"] <= 1
    assert platform.node() not in str(found) or not platform.node()


def test_only_the_version_of_the_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: "6.1.2-somebodys-build7")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert machine()["system"] == "Linux 6.1.2"


def test_processor_name_is_read_from_linux(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Chip 9: the fast one\n")
    assert cpu_name(info) == "Chip 9: the fast one"
    assert cpu_name(tmp_path / "absent") == (platform.processor() or platform.machine())


def test_versions_name_what_is_absent() -> None:
    found = versions("150.0")
    assert found["chromium"] == "150.0"
    assert found["aiortc"][0].isdigit()
    assert "chromium" not in versions()


def test_meter_sees_work() -> None:
    meter = Meter(os.getpid())
    meter.start()
    total = sum(value * value for value in range(400_000))
    used = meter.stop()
    assert total > 0
    assert used["server"].cores > 0.05
    assert used["server"].rss_mib > 10
    rss = meter.server_rss_mib()
    assert rss is not None and rss > 10


def test_a_fixed_loop_costs_what_it_costs() -> None:
    taken_s = -time.thread_time()
    found_ms = loop_ms()
    taken_s += time.thread_time()
    assert 0 < found_ms <= taken_s * 1000


def test_what_the_host_took_is_a_share_of_what_was_asked_for() -> None:
    before = Clocks(100.0, 5.0)
    assert before.stolen_until(Clocks(109.0, 6.0)) == pytest.approx(0.1)
    assert before.stolen_until(before) == 0.0
    # A counter that goes back, as some hosts' do, took nothing.
    assert before.stolen_until(Clocks(109.0, 4.0)) == 0.0


def test_clocks_go_on_with_work() -> None:
    before = clocks()
    begun_s = time.process_time()
    while time.process_time() - begun_s < 0.1:
        pass
    after = clocks()
    assert after.worked_s > before.worked_s
    assert 0 <= before.stolen_until(after) < 1


def test_a_server_elsewhere_has_no_usage() -> None:
    meter = Meter(None)
    meter.start()
    assert "server" not in meter.stop()
    assert meter.server_rss_mib() is None
