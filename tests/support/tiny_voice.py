"""A Pocket TTS model of a few thousand random weights: it hums, but every layer is real."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

WORDS = "hello there my friend how are you this is a test of the voice one two three four five"
SEANET = {
    "dimension": 16, "channels": 1, "n_filters": 4, "n_residual_layers": 1, "ratios": [6, 5, 4],
    "kernel_size": 3, "residual_kernel_size": 3, "last_kernel_size": 3, "dilation_base": 2,
    "pad_mode": "constant", "compress": 2,
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "weights_path": "model.safetensors",
    # Random weights never end by themselves: with this they do, after the fewest frames.
    "default_eos_threshold": -1000.0,
    "flow_lm": {
        "dtype": "float32",
        "flow": {"depth": 1, "dim": 16, "type": "pointwise"},
        "transformer": {
            "d_model": 16, "hidden_scale": 1, "max_period": 10000, "num_heads": 2, "num_layers": 1,
        },
        "lookup_table": {
            "dim": 16, "n_bins": 32, "tokenizer": "sentencepiece", "tokenizer_path": "words.model",
        },
    },
    "mimi": {
        "dtype": "float32", "sample_rate": 24000, "channels": 1, "frame_rate": 12.5,
        "inner_dim": 8, "outer_dim": 16,
        "seanet": SEANET,
        "transformer": {
            "d_model": 16, "num_heads": 2, "num_layers": 1, "layer_scale": 0.01, "context": 50,
            "dim_feedforward": 16, "input_dimension": 16, "output_dimensions": [16],
        },
        "quantizer": {"dimension": 8, "output_dimension": 16},
    },
}  # fmt: skip


def make_tiny_voice(folder: Path) -> Path:
    """Write model, tokenizer and one voice into `folder`; returns the YAML file."""
    import safetensors.torch
    import sentencepiece
    import torch
    import yaml
    from pocket_tts import TTSModel, export_model_state

    model_file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([WORDS] * 20), model_writer=model_file, vocab_size=32,
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "words.model").write_bytes(model_file.getvalue())
    bare = {name: value for name, value in CONFIG.items() if name != "weights_path"}
    table = {**bare["flow_lm"]["lookup_table"], "tokenizer_path": str(folder / "words.model")}
    bare["flow_lm"] = {**bare["flow_lm"], "lookup_table": table}
    draft = folder / "draft.yaml"
    draft.write_text(yaml.safe_dump(bare))
    torch.manual_seed(0)
    model = TTSModel.load_model(config=draft)
    draft.unlink()
    safetensors.torch.save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "voices").mkdir()
    state = model.get_state_for_audio_prompt(torch.randn(1, 24_000) * 0.1)
    export_model_state(state, folder / "voices" / "hum.safetensors")
    path = folder / "english_tiny.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path
