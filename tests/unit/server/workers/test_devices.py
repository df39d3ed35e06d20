"""Engine processes and their cards."""

from __future__ import annotations

import os

import pytest

from server.settings import RenderSettings, ServerSettings, Settings
from server.workers.devices import VISIBLE, engine_devices, take_device, with_device
from server.workers.spawning import plain, settings_of


@pytest.mark.parametrize(
    ("engines", "devices", "wanted"),
    [
        (0, (), ("",)),
        (3, (), ("", "", "")),
        (0, ("0", "GPU-1"), ("0", "GPU-1")),
        (4, ("0", "1"), ("0", "1", "0", "1")),
        (1, ("0", "1"), ("0",)),
    ],
)
def test_each_engine_has_a_card_in_turn(
    engines: int, devices: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    settings = Settings(
        server=ServerSettings(engines=engines), render=RenderSettings(devices=devices)
    )
    assert engine_devices(settings) == wanted


@pytest.mark.parametrize(
    ("workers", "engines", "device", "wanted"),
    [(0, 0, "cpu", 1), (1, 0, "cpu", 1), (3, 0, "cpu", 3), (3, 1, "cpu", 1), (3, 0, "cuda", 1)],
)
def test_on_the_processor_each_media_process_brings_one(
    workers: int, engines: int, device: str, wanted: int
) -> None:
    settings = Settings(
        server=ServerSettings(workers=workers, engines=engines),
        render=RenderSettings(device=device),
    )
    assert engine_devices(settings) == ("",) * wanted


def test_an_engine_process_sees_its_own_card_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "7")
    settings = Settings(render=RenderSettings(devices=("0", "1")))
    take_device(settings_of(with_device(plain(settings), "1")))
    assert os.environ[VISIBLE] == "1"
    take_device(settings_of(with_device(plain(settings), "")))
    assert os.environ[VISIBLE] == "1"
