"""Command `evaluate emotion`: unseen actors and texts, noise, other voices, words, cost.

Offline; main thread. The heads judged on actors are trained here, fold by fold; the shipped one
has heard every actor.
Never judges a head on an actor that it was trained on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.emotion.gate import VoiceGate
from engines.emotion.model import EmotionModel
from engines.emotion.speech import SpeechEmotion
from engines.emotion.text import TextSentiment
from engines.values import F32
from export.data.emotion import Clip, Examples, synthetic_clips
from export.data.emotion_cache import cached_examples
from export.data.grid import DataMissing
from export.data.sound import read_sound
from export.evaluate import emotion_rows as rows
from export.evaluate.emotion_folds import judge_folds, moments, noisy, only
from export.train.emotion_cli import EmotionData, add_places, load_data

HEAD = f"{'':<34} {'heard':>5}  UAR    actors     CCC V A"


def hear_all(clips: Sequence[Clip]) -> tuple[list[dict[str, F32]], list[dict[str, F32]]]:
    """Features at each moment of the clips as they are, and in noise."""
    gate = VoiceGate()
    with Progress() as bar:
        task = bar.add_task("hearing, clean and in noise", total=len(clips))
        clean, loud = [], []
        for place, clip in enumerate(clips):
            clean.append(moments(gate, clip.samples))
            loud.append(moments(gate, noisy(clip, place)))
            bar.update(task, advance=1)
    return clean, loud


def masked(found: Sequence[dict[str, F32]], examples: Examples, kind: str) -> list[dict[str, F32]]:
    """The same features with nothing but those of one kind: a floor."""
    ones = replace(examples, features=np.ones_like(examples.features[:1]))
    mask = only(ones, kind).features[0]
    return [{name: values * mask for name, values in one.items()} for one in found]


def actor_tables(data: EmotionData, texts: bool) -> dict[str, dict[str, float]]:
    """Tables of unseen actors: clean, noise, floors, and with the text unseen too."""
    clean, loud = hear_all(data.clips)
    print(f"Emo-DB, {len(data.clips)} clips, actor left out; V and A against a table\n{HEAD}")
    quiet, noise = judge_folds(data.clips, data.examples, [clean, loud], data.voices)
    figures = {"clean": rows.show_scores("text seen", data.clips, quiet)}
    figures["noise"] = rows.show_scores("pink noise 15 dB", data.clips, noise)
    for prefix, name in (("f0_", "pitch alone"), ("loudness_", "loudness alone")):
        floor = judge_folds(
            data.clips, only(data.examples, prefix), [masked(clean, data.examples, prefix)], None
        )
        rows.show_scores(f"floor: {name}", data.clips, floor[0])
    print("floor: chance                               0.143")
    if texts:
        (unseen,) = judge_folds(data.clips, data.examples, [clean], data.voices, by_text=True)
        figures["text unseen"] = rows.show_scores("text unseen too", data.clips, unseen)
    rows.show_confusion(data.clips, quiet["2 s"])
    return figures


def other_tables(
    args: argparse.Namespace, model: EmotionModel, sound: F32
) -> dict[str, dict[str, float]]:
    """Prompts of other voices where there are some; words; cost."""
    figures: dict[str, dict[str, float]] = {}
    folder = args.data / "a2f_samples"
    if folder.is_dir():
        print("\nother voices, after 8 s of the speaker's neutral prompt")
        speech = SpeechEmotion.load(args.weights)
        figures["prompts"] = rows.show_prompts(rows.prompts(speech, folder))
        if args.plot:
            rows.draw_prompts(model, folder, args.plot)
        sound = read_sound(next(iter(sorted(folder.glob("*.flac")))))
    print()
    figures["text"] = rows.show_text(TextSentiment.load(args.weights), args.ratings)
    figures["cost"] = rows.show_cost(model, sound)
    return figures


def main(argv: list[str]) -> int:
    """`python -m export evaluate emotion`."""
    parser = argparse.ArgumentParser(prog="export evaluate emotion", description=main.__doc__)
    add_places(parser)
    parser.add_argument("--smoke", action="store_true", help="seconds, made-up voices, no folder")
    parser.add_argument("--weights", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--ratings", type=Path, help="folder with *_GroundTruth.txt, see the docs")
    parser.add_argument("--skip-texts", action="store_true", help="not the slow text-unseen folds")
    parser.add_argument("--skip-actors", action="store_true", help="only prompts, words and cost")
    parser.add_argument("--plot", type=Path, help="draw the prompts to this PNG")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        if args.smoke:
            clips = synthetic_clips(3, args.seed)
            examples = cached_examples(clips, 0, args.seed, Path("artifacts/smoke/emotion_cache"))
            data = EmotionData(clips, examples, None)
        else:
            data = load_data(args.data, args.cache, args.seed)
    except DataMissing as error:
        sys.stderr.write(f"evaluate emotion: {error}\n")
        return 1
    figures: dict[str, dict[str, float]] = {}
    if not args.skip_actors:
        figures |= actor_tables(data, not (args.skip_texts or args.smoke))
    figures |= other_tables(args, EmotionModel.load(args.weights), data.clips[0].samples)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0
