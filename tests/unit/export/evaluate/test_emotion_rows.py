"""Rows of the evaluation: orders of prompts, words, cost, the picture."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engines.emotion.model import EmotionModel
from engines.emotion.speech import SpeechEmotion
from engines.emotion.text import TextSentiment
from engines.emotion.values import EMOTIONS
from export.data.sound import write_wav
from export.evaluate import emotion_rows as rows
from tests.support import voices as sounds


def prompt(name: str, change: float) -> rows.Prompt:
    return rows.Prompt(name, 0.0, 0.0, change, change, "neutral")


def test_orders_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    figures = rows.show_prompts([prompt("Mark_neutral", 0.1), prompt("Mark_anger", 0.4)])
    assert figures == {"orders": 2.0, "orders right": 1.0}
    assert "WRONG" in capsys.readouterr().out


def test_own_sentences_are_well_formed_and_scored(tmp_path: Path) -> None:
    with rows.SENTENCES.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    assert len(table) >= 70
    assert {row["label"] for row in table} == set(EMOTIONS)
    assert all(-1.0 <= float(row["valence"]) <= 1.0 for row in table)
    for name in ("few", "more"):
        (tmp_path / f"{name}_GroundTruth.txt").write_text(
            "1\t3.0\tI love this wonderful day\n2\t-3.0\tI hate this awful day\n"
            "3\t0.1\tThe day has 24 hours\nbroken line\n"
        )
    figures = rows.show_text(TextSentiment.load(), tmp_path)
    assert figures["own sentences r"] >= 0.45
    assert figures["few r"] > 0.9


def test_prompts_are_heard_after_the_neutral_one(tmp_path: Path) -> None:
    for name, hz in (("Ann_neutral", 150.0), ("Ann_joy", 220.0), ("Ann_joy_sec", 220.0)):
        write_wav(tmp_path / "x.wav", sounds.voice(1.5, f0_hz=hz))
        (tmp_path / "x.wav").rename(tmp_path / f"{name}.flac")
    found = rows.prompts(SpeechEmotion.load(), tmp_path)
    assert [p.name for p in found] == ["Ann_joy", "Ann_neutral"]
    assert abs(found[1].arousal_change) <= abs(found[1].arousal) + 0.3


def test_cost_and_picture(tmp_path: Path) -> None:
    model = EmotionModel.load()
    figures = rows.show_cost(model, sounds.voice(2.0))
    assert 0.0 < figures["cost mean"] <= figures["cost worst"]
    write_wav(tmp_path / "x.wav", sounds.voice(1.5))
    (tmp_path / "x.wav").rename(tmp_path / "Ann_joy.flac")
    rows.draw_prompts(model, tmp_path, tmp_path / "p.png")
    assert 0 < (tmp_path / "p.png").stat().st_size < 150_000
