"""The fusion net and the fusion that serves give the same Z_emo and the same readings."""

from __future__ import annotations

import numpy as np
import torch

from engines.emotion.fuse import INPUTS, STREAMS, EmotionFusion, Token
from engines.emotion.weights import EmotionWeights
from export.nets.emotion import FusionNet


def test_training_and_serving_agree() -> None:
    torch.manual_seed(0)
    net = FusionNet()
    fusion = EmotionFusion(EmotionWeights(net.arrays(), {}))
    rng = np.random.default_rng(0)
    for missing in ((), ("text",), ("speech", "affect")):
        raw = {s: rng.normal(size=INPUTS[s]).astype(np.float32) for s in STREAMS}
        confidence = rng.uniform(0.2, 1.0, 3).astype(np.float32)
        tokens: list[Token] = []
        for i, stream in enumerate(STREAMS):
            if stream in missing:
                confidence[i] = 0.0
            else:
                tokens.append(fusion._token(stream, raw[stream], float(confidence[i])))
        with torch.no_grad():
            inputs = {s: torch.as_tensor(v)[None] for s, v in raw.items()}
            z = net(inputs, torch.as_tensor(confidence)[None])
            scores, affect = net.read(z)
        served = fusion.fuse(tokens)
        assert np.allclose(z[0].numpy(), served, atol=1e-5)
        reading = fusion.read(served)
        assert np.allclose(torch.softmax(scores[0], 0).numpy(), reading.probabilities, atol=1e-5)
        assert np.allclose(affect[0].numpy(), (reading.valence, reading.arousal), atol=1e-5)


def test_neutral_is_the_zero_vector() -> None:
    places = FusionNet().places()
    assert not places[0].any() and places[1:].abs().min() >= 0.0
