"""The later stage: each expert pulls at what is drawn, and only where it knows the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.data.acted import Acted
from export.distill.later import Later, Weights, load, made_up_later, pulls, sync_loss, units_loss
from export.nets.expert import ExpertConfig, ExpertNet
from export.nets.renderer import BoxNetConfig
from export.nets.sync import FRAMES, HEIGHT, ROWS, WIDTH, SyncNet, SyncNetConfig
from export.train import experts_cli
from export.train.experts_data import acted_path
from export.train.renderer import Nets
from export.train.renderer_batch import Batch, batch_of
from export.train.renderer_cli import made_up

ALL = Weights(1, 1, 1, 1)


def nets() -> Nets:
    torch.manual_seed(4)
    out = Nets(BoxNetConfig((8, 12, 16), (1, 1, 1), 16))
    for value in out.box.last.parameters():
        torch.nn.init.normal_(value, std=0.01)
    return out


def asked(later: Later, rng_seed: int = 1) -> tuple[Nets, Batch, torch.Tensor, np.random.Generator]:
    drawing, batch = nets(), batch_of(made_up(later.box, 4))
    drawn = torch.zeros_like(batch.picture, requires_grad=True)
    return drawing, batch, drawn, np.random.default_rng(rng_seed)


def test_every_loss_reaches_the_nets_or_the_boxes() -> None:
    later = made_up_later("mouth", ALL)
    drawing, batch, drawn, rng = asked(later)
    found = later.ask(drawing, batch, drawn, rng)
    assert set(found) == {"sync", "au", "emotion", "action"}
    for value, boxes in found.values():
        (slope,) = torch.autograd.grad(value, boxes, retain_graph=True)
        assert float(slope.abs().sum()) > 0
    later.loss(drawing, batch, drawn, rng).backward()  # type: ignore[no-untyped-call]
    assert drawing.box.last.weight.grad is not None
    parts = (later.au, later.emotion, later.action, later.sync)
    assert len([part for part in parts if part is not None]) == 4


def test_weights_weigh_and_nothing_is_asked_for_nothing() -> None:
    later = made_up_later("eye", Weights(au=2.0))
    drawing, batch, drawn, rng = asked(later)
    once, _ = later.ask(drawing, batch, drawn, rng)["au"]
    assert float(later.loss(drawing, batch, drawn, rng).detach()) == pytest.approx(
        2 * float(once.detach())
    )
    silent = Later("eye", Weights())
    assert float(silent.loss(drawing, batch, drawn, rng).detach()) == 0 and not Weights().any()


def test_boxes_that_say_nothing_are_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    later = made_up_later("mouth", Weights(emotion=1, action=1))
    assert later.played is not None
    pairs = later.played.pairs
    labels = np.where(np.arange(len(pairs)) == 1, 5, -1)
    actions = np.where(np.arange(len(pairs)) == 2, "smile", "")
    later.played = Acted(pairs, labels, actions)
    seen: list[Acted] = []

    def note(_: Later, shown: torch.Tensor, rest: object, few: Acted, rng: object) -> torch.Tensor:
        seen.append(few)
        return shown.sum()

    monkeypatch.setattr(Later, "_felt", note)
    monkeypatch.setattr(Later, "_done", note)
    later.ask(*asked(later))
    assert set(seen[0].emotion.tolist()) == {5} and set(seen[1].action) == {"smile"}


def test_units_of_the_truth_cost_nothing() -> None:
    expert = ExpertNet(ExpertConfig(3, width=4)).eval()
    truth, rest, other = torch.rand(3, 2, 3, 48, 64)
    assert float(units_loss(expert, truth, truth, rest).detach()) == 0
    assert float(units_loss(expert, other, truth, rest).detach()) > 0


def test_own_sound_costs_less_than_another_s() -> None:
    class Knows(SyncNet):
        def see(self, mouths: torch.Tensor) -> torch.Tensor:
            # The brightest of five frames tells which window this is.
            return torch.eye(FRAMES)[mouths.mean((2, 3)).argmax(1)]

        def hear(self, sounds: torch.Tensor) -> torch.Tensor:
            return torch.eye(FRAMES)[sounds[:, 0, 0].long()]

    net = Knows(SyncNetConfig(4, FRAMES))
    shown = torch.zeros(2 * FRAMES, 3, 96, 128)
    shown[0], shown[FRAMES + 3] = 1, 1
    sounds = torch.zeros(4, ROWS, 80)
    sounds[:, 0, 0] = torch.tensor([0.0, 3.0, 1.0, 2.0])
    mean = torch.zeros(2, HEIGHT, WIDTH)
    right = float(sync_loss(net, shown, mean, sounds).detach())
    wrong = float(sync_loss(net, shown, mean, sounds[[1, 0, 2, 3]]).detach())
    assert right < 0.1 < wrong


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    def embed(text: str) -> np.ndarray:
        return np.full(80, float(len(text)), np.float32)

    places = (tmp_path, tmp_path, tmp_path)
    assert load(Weights(), "mouth", *places, embed) is None
    with pytest.raises(FileNotFoundError, match="train experts --which au --box eye"):
        load(Weights(au=1), "eye", *places, embed)
    with pytest.raises(ValueError, match="mouths"):
        load(Weights(sync=1), "eye", *places, embed)
    with pytest.raises(FileNotFoundError, match="train sync"):
        load(Weights(sync=1), "mouth", *places, embed)
    words = ["--smoke", "--steps", "1", "--box", "eye", "--run", str(tmp_path), "--which"]
    assert experts_cli.train([*words, "au", "action"]) == 0
    found = load(Weights(au=1), "eye", *places, embed)
    assert found is not None and found.au is not None and not found.au.training
    assert not any(value.requires_grad for value in found.au.parameters())
    with pytest.raises(FileNotFoundError, match="--prepare"):
        load(Weights(action=1), "eye", *places, embed)
    pairs = replace(made_up("eye", 48), identity=np.array([f"p{i:02d}" for i in range(48)]))
    played = Acted(pairs, np.arange(48) % 8, np.full(48, "wink"))
    played.save(acted_path(tmp_path, "eye"))
    found = load(Weights(action=1), "eye", *places, embed)
    assert found is not None and found.played is not None and len(found.says) == 7
    assert len(found.played) < 48


def test_pulls_are_of_every_loss_and_of_a_known_one() -> None:
    later = made_up_later("mouth", ALL)
    drawing, batch, drawn, rng = asked(later)
    found = pulls(later, drawing, batch, drawn, (3 * drawn).sum(), rng)
    assert found["level"] == pytest.approx(3 * (drawn.numel() ** 0.5) * 2, rel=1e-4)
    assert set(found) == {"level", "sync", "au", "emotion", "action"}
    assert all(value > 0 for value in found.values())
