"""Who draws: by the settings, by what is installed, and at what cost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engines.backends.base import OutOfDeviceMemory
from engines.backends.fake import FakeBackend
from engines.backends.networks import NETWORKS
from engines.render import nets as nets_module
from engines.render.diffusion import DiffusionRenderer
from engines.render.nets import BadRendererWeights
from engines.render.stage import AS_IT_IS
from engines.render.warp import WarpRenderer
from server import drawing as drawing_module
from server.drawing import (
    TRIED,
    UNCOUNTED,
    WARM_S,
    Costs,
    batch_clock,
    best_of,
    drawing_of,
    measure,
    nets_of,
    said_of,
    whole,
)
from server.settings import RenderSettings
from server.settings_section import SettingsError
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeRenderer
from tests.support.sample_avatar import sample
from tests.support.tiny_renderer import write_weights
from tests.support.tiny_wide import write_wide


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is taken for the package's."""
    folder = tmp_path / "renderer"
    monkeypatch.setattr(
        drawing_module,
        "load",
        lambda path, backend=None: nets_module.load(folder, backend=backend),
    )
    return folder


def test_the_motion_frame_is_drawn_where_it_is_asked_for(installed: Path) -> None:
    write_weights(installed)
    drawing = drawing_of(RenderSettings("motion-frame"))
    assert drawing.kind == "motion-frame" and not drawing.counted_at_best
    assert isinstance(drawing.factory(sample(), 128, AS_IT_IS), WarpRenderer)


def test_auto_takes_the_nets_and_counts_places_without_them(installed: Path) -> None:
    write_weights(installed)
    drawing = drawing_of(RenderSettings())
    assert drawing.kind == "diffusion" and not drawing.counted_at_best and drawing.digest
    renderer = drawing.factory(sample(), 128, AS_IT_IS)
    assert isinstance(renderer, DiffusionRenderer)
    assert renderer.efforts == ("1 step", "mouth", "motion frame")
    assert "1 step" in drawing.said


def test_steps_of_the_settings_win_over_those_of_the_nets(installed: Path) -> None:
    write_weights(installed, steps=2)
    asked = drawing_of(RenderSettings("diffusion", steps=1))
    assert asked.counted_at_best
    assert asked.factory(sample(), 128, AS_IT_IS).efforts[0] == "1 step"
    assert drawing_of(RenderSettings()).factory(sample(), 128, AS_IT_IS).efforts[0] == "2 steps"


def test_without_weights_auto_says_so_and_diffusion_is_refused(installed: Path) -> None:
    drawing = drawing_of(RenderSettings())
    assert drawing.kind == "motion-frame" and "not installed" in drawing.said
    with pytest.raises(SettingsError, match=r"render\.renderer: .*no weights"):
        drawing_of(RenderSettings("diffusion"))


def test_damaged_weights_are_never_passed_over(installed: Path) -> None:
    write_weights(installed)
    (installed / "eye.onnx").write_bytes(b"")
    with pytest.raises(BadRendererWeights, match=r"eye\.onnx"):
        drawing_of(RenderSettings())


def test_what_every_network_runs_on_is_told(installed: Path) -> None:
    write_weights(installed)
    running = drawing_of(RenderSettings()).running()
    assert set(running) == set(NETWORKS)
    assert {runs.backend for runs in running.values()} == {"onnxruntime-cpu"}
    assert running["motion/motion"].precision == "fp32"


def test_a_session_may_ask_for_less() -> None:
    efforts = ("1 step", "mouth", "motion frame")
    assert [best_of(name, efforts) for name in ("auto", "diffusion", "motion-frame")] == [0, 0, 2]


def test_costs_are_measured_for_each_way_to_draw() -> None:
    drawn: list[FakeRenderer] = []

    def build(avatar: object, size: int, stage: object) -> FakeRenderer:
        drawn.append(FakeRenderer(avatar, size, costs=(0.0, 0.0)))
        return drawn[-1]

    costs = measure(FakeMotionModel(), object(), build)
    assert len(drawn) == 1 and drawn[0].size == 512
    frames = round(WARM_S * 25)
    assert drawn[0].rendered >= frames + 2 * TRIED
    assert len(costs.steps_s) == frames - UNCOUNTED and min(costs.steps_s) >= 0
    assert costs.efforts == ("way 0", "way 1") and len(costs.draws_s) == 2
    assert costs.encode_s > 0


def test_steps_in_another_way_have_the_cost_of_its_picture() -> None:
    costs = Costs((0.010, 0.008, 0.003), ("all", "less"), (0.005, 0.002))
    assert costs.steps_of(0) == pytest.approx([0.010, 0.008, 0.005])
    assert costs.steps_of(1) == pytest.approx([0.007, 0.005, 0.002])


def test_a_folder_that_is_no_pack_stops_the_start(tmp_path: Path) -> None:
    for ask in (drawing_of, nets_of):
        with pytest.raises(SettingsError, match="render.weights: .*pack.json.*no pack; make it"):
            ask(RenderSettings(weights=str(tmp_path)))


def test_pictures_are_drawn_in_batches_on_a_card_or_where_asked_for() -> None:
    assert batch_clock(RenderSettings()) is None
    assert batch_clock(RenderSettings(batches="on")) is time.thread_time
    assert batch_clock(RenderSettings(device="cuda")) is time.perf_counter
    assert batch_clock(RenderSettings(device="cuda", batches="off")) is None


def test_places_are_counted_by_a_picture_in_its_best_batch() -> None:
    by_bucket = ((1, (0.010, 0.004)), (2, (0.014, 0.009)))
    costs = Costs((0.015,), ("a", "b"), (0.012, 0.005), by_bucket)
    assert costs.steps_of(0) == [pytest.approx(0.015 - 0.012 + 0.007)]
    assert costs.steps_of(1) == [pytest.approx(0.015 - 0.012 + 0.004)]


def test_what_an_avatar_shows_is_said_in_words() -> None:
    assert "not tried" in said_of({})
    said = said_of({"mouth": 0.0, "eye": 1.0})
    assert said == "mouth nothing: the warp is nearer to this photo; eye all"
    assert said_of({"mouth": 0.45}) == "mouth 45%"


def test_new_avatars_are_tried_where_nets_draw(installed: Path) -> None:
    assert nets_of(RenderSettings()) is None
    write_weights(installed)
    found = nets_of(RenderSettings())
    assert found is not None and found.digest == drawing_of(RenderSettings()).digest
    assert nets_of(RenderSettings("motion-frame")) is None


def test_the_device_asked_for_runs_the_nets_and_is_told(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_weights(installed)
    used = FakeBackend()
    monkeypatch.setattr(drawing_module, "backend_of", lambda wanted: used)
    drawing = drawing_of(RenderSettings(device="cuda"))
    assert drawing.said.endswith(", on fake, in batches over sessions")
    assert drawing.running()["renderer/eye"].backend == "fake"

    held = drawing_of(RenderSettings(device="cuda"), places=3).said
    # Of a session: reference, noise and residual of a mouth and two eyes.
    assert ", on fake, 1.6 MiB there for 3 sessions" in held

    def fails(wanted: RenderSettings) -> FakeBackend:
        return FakeBackend(fault=lambda name, run: OutOfDeviceMemory("full; free the card"))

    monkeypatch.setattr(drawing_module, "backend_of", fails)
    with pytest.raises(SettingsError, match="render.device cuda: full; free the card"):
        drawing_of(RenderSettings(device="cuda"))


@pytest.mark.parametrize(
    ("profile", "device", "there", "wanted"),
    [
        ("auto", "cpu", True, False),
        ("auto", "cuda", True, True),
        ("auto", "cuda", False, False),
        ("boxes", "cuda", True, False),
        ("face", "cpu", True, True),
        ("face", "cuda", False, True),
    ],
)
def test_the_whole_face_is_a_cards_work_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    profile: str, device: str, there: bool, wanted: bool,
) -> None:  # fmt: skip
    if there:
        (tmp_path / "manifest.json").write_text("{}")
    monkeypatch.setattr(drawing_module, "WIDE_FOLDER", tmp_path)
    assert whole(RenderSettings(profile=profile, device=device)) == wanted


def test_a_whole_face_is_drawn_where_its_nets_are_and_missed_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_module, "WIDE_FOLDER", tmp_path / "none")
    with pytest.raises(SettingsError, match="render.profile: .*no weights"):
        drawing_of(RenderSettings(profile="face"))
    monkeypatch.setattr(drawing_module, "WIDE_FOLDER", write_wide(tmp_path / "wide"))
    drawing = drawing_of(RenderSettings(profile="face"))
    assert "the whole face at 256 by diffusion, 2 steps" in drawing.said
    renderer = drawing.factory(sample(), 128, AS_IT_IS)
    assert renderer.efforts == ("2 steps", "1 step", "motion frame")
