"""What experts learn from: labels, people kept apart everywhere, chances, augmentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.data.acted import NOBODY_SAYS, NOTHING, Acted
from export.nets.sync import HEIGHT, WIDTH
from export.train import experts_data as data
from export.train.renderer_cli import made_up as pairs_made_up
from export.train.renderer_figures import apart as renderer_apart


def played() -> Acted:
    pairs = pairs_made_up("mouth", 4)
    emotion = np.array([0, 3, NOBODY_SAYS, NOBODY_SAYS])
    return Acted(pairs, emotion, np.array([NOTHING, "", "smile", ""]))


def test_each_expert_gets_the_boxes_that_say_something() -> None:
    felt = data.of_acted(played(), "emotion", "mouth")
    assert felt.target.tolist() == [0, 3] and felt.box.shape == (2, HEIGHT, WIDTH, 3)
    done = data.of_acted(played(), "action", "mouth")
    assert [data.outputs("action", "mouth")[i] for i in done.target] == [NOTHING, "smile"]
    units = data.of_acted(played(), "au", "mouth")
    assert units.target.shape == (4, len(data.outputs("au", "mouth")))


def test_halves_are_means() -> None:
    boxes = np.random.default_rng(1).integers(0, 255, (2, 96, 128, 3)).astype(np.uint8)
    small = data.halved(boxes)
    mean = boxes.reshape(2, 48, 2, 64, 2, 3).mean((2, 4))
    assert np.abs(small - mean).max() <= 0.5
    assert data.halved(small) is small and data.halved(boxes[:0]).shape == (0, 48, 64, 3)


def test_people_kept_out_of_the_renderer_are_kept_out_of_every_kind() -> None:
    people = np.array([f"p{i:02d}" for i in range(30)] * 2 + ["one"] * 24)
    kinds = np.array(["spoken"] * 30 + ["acted"] * 30 + ["grid"] * 24)
    kept = data.apart(kinds, people)
    assert not set(people[kept & (kinds != "grid")]) & set(people[~kept])
    assert kept[-2:].all() and not kept[-3]
    pairs = replace(pairs_made_up("eye", 84), kind=kinds, identity=people)
    assert (renderer_apart(pairs) <= kept).all()


def test_kinds_and_classes_weigh_alike() -> None:
    some = data.made_up("emotion", "eye", 12).take(np.array([0, 0, 0, 1]))
    assert np.allclose(data.chances(some), [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_augmentation_moves_box_and_rest_alike() -> None:
    some = data.made_up("au", "mouth", 6)
    same = replace(some, rest=some.box)
    box, rest = data.augmented(same, True, np.random.default_rng(1))
    assert np.abs(box.astype(int) - rest).max() <= 1 and not (box == some.box).all()


def test_what_is_missing_is_named_and_pairs_alone_give_units(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train experts .*--prepare"):
        data.stored(tmp_path, "emotion", "mouth")
    pairs_made_up("mouth", 5).save(tmp_path / "renderer" / "mouth-spoken.npz")
    assert len(data.stored(tmp_path, "au", "mouth")) == 5
    with pytest.raises(FileNotFoundError):
        data.stored(tmp_path, "action", "mouth")
    played().save(data.acted_path(tmp_path, "mouth"))
    assert len(data.stored(tmp_path, "au", "mouth")) == 9
    assert len(data.stored(tmp_path, "action", "mouth")) == 2


def test_sentences_become_vectors_by_action() -> None:
    told = data.says("mouth", True, lambda text: np.full(80, len(text), np.float32))
    assert len(told) == 4 and all(rows.shape[1] == 80 and len(rows) >= 2 for rows in told)
