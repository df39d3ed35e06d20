"""The codec of the whole face: shapes, a difference that is exactly nothing for nothing, scale."""

from __future__ import annotations

import pytest
import torch

from export.nets.codec import SPREAD, CodecConfig, codec_config, codec_of

SMALL = CodecConfig("own", (8, 12), 1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(1)


def test_a_latent_has_32_layers_at_an_eighth_and_comes_back() -> None:
    codec, picture = codec_of(SMALL), torch.rand(2, 3, 64, 64) * 2 - 1
    latent = codec.encode(picture)
    assert latent.shape == (2, 32, 8, 8)
    assert codec(picture).shape == picture.shape


def test_no_residual_changes_nothing_and_one_changes_its_own_place() -> None:
    codec, latent = codec_of(SMALL), torch.randn(2, 32, 16, 16)
    nothing = torch.zeros_like(latent)
    assert not codec.difference(latent, nothing).any()
    nothing[0, :, 0, 0] = 1
    change = codec.difference(latent, nothing)
    assert change[0, :, :8, :8].any() and not change[1].any()
    assert not change[0, :, 96:, 96:].any()


def test_scaled_latents_spread_as_the_samplers_noise_expects_and_decode_the_same() -> None:
    codec, pictures = codec_of(SMALL), torch.rand(4, 3, 64, 64) * 2 - 1
    before = codec(pictures)
    codec.measure(pictures)
    assert float(codec.encode(pictures).detach().std()) == pytest.approx(SPREAD, rel=1e-3)
    torch.testing.assert_close(codec(pictures), before, atol=1e-4, rtol=1e-4)
    assert "scale" in codec.state_dict()


def test_sizes_come_back_from_a_runs_note_and_unknown_ones_do_not() -> None:
    assert codec_config(SMALL.as_dict()) == SMALL
    with pytest.raises(KeyError):
        codec_config({"name": "own"})
    with pytest.raises(ValueError, match="own or taef2"):
        codec_of(CodecConfig("vae"))
