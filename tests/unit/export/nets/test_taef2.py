"""TAEF2: the shapes of its published files, colours the right way round, files that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from export.nets.codec import CodecConfig, codec_of
from export.nets.taef2 import FILES, CodecMissing, load_taef2, taef2


def test_files_of_its_shapes_are_read_and_latents_are_an_eighth(tmp_path: Path) -> None:
    torch.manual_seed(1)
    made = taef2()
    for half, file in FILES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        state = {name: v.half() for name, v in getattr(made, half).state_dict().items()}
        torch.save(state, tmp_path / file)
    read = load_taef2(tmp_path)
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        latent = read.encode(picture)
        assert latent.shape == (1, 32, 4, 4)
        torch.testing.assert_close(latent, made.encode(picture), atol=2e-3, rtol=2e-2)
        # Its files are of red, green, blue, from 0 to 1.
        seen = (picture.flip(1) + 1) / 2
        for layer in read.encoder.children():
            seen = layer(seen)
        assert torch.equal(read.encoder(picture), seen)
        assert read.decode(latent).shape == picture.shape
    names = set(read.encoder.state_dict())
    assert {"0.weight", "14.bias", "11.pool.1.weight"} <= names
    assert {"1.weight", "19.weight", "3.pool.3.weight"} <= set(read.decoder.state_dict())


def test_without_its_files_it_says_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(CodecMissing, match="taef2_encoder.pth; pass --data"):
        load_taef2(tmp_path)


def test_it_is_a_codec_by_name() -> None:
    assert sum(p.numel() for p in codec_of(CodecConfig("taef2")).parameters()) > 2_000_000
