"""Published model families in miniature, randomly initialised, saved where a test says.

Runs in the test process; needs `transformers` and torch.
Never touches the network.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

CONVOLUTIONS = {
    "conv_dim": (16, 16, 16, 16, 16, 16, 16),
    "conv_kernel": (10, 3, 3, 3, 3, 2, 2),
    "conv_stride": (5, 2, 2, 2, 2, 2, 2),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
"""Strides of the published ones: a row each 20 ms."""
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}


def _library() -> Any:
    return importlib.import_module("transformers")


def seed(value: int = 0) -> None:
    """Make the random weights the same each time."""
    importlib.import_module("torch").manual_seed(value)


def wave_encoder(folder: Path, family: str) -> str:
    """A tiny wav2vec 2.0 ("Wav2Vec2") or HuBERT ("Hubert") encoder; returns its folder."""
    library = _library()
    seed()
    config = getattr(library, f"{family}Config")(**SMALL, **CONVOLUTIONS)
    getattr(library, f"{family}Model")(config).save_pretrained(folder)
    library.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return str(folder)


def whisper(folder: Path) -> str:
    """A tiny Whisper; returns its folder."""
    library = _library()
    seed()
    config = library.WhisperConfig(
        d_model=32,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        vocab_size=64,
        max_source_positions=1500,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    library.WhisperModel(config).save_pretrained(folder)
    library.WhisperFeatureExtractor().save_pretrained(folder)
    return str(folder)


def speech_classifier(folder: Path, labels: tuple[str, ...]) -> str:
    """A tiny wav2vec 2.0 speech-emotion classifier; returns its folder."""
    library = _library()
    seed()
    names = dict(enumerate(labels))
    config = library.Wav2Vec2Config(**SMALL, **CONVOLUTIONS, num_labels=len(labels), id2label=names)
    library.Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    library.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return str(folder)


def text_classifier(folder: Path, labels: tuple[str, ...]) -> str:
    """A tiny RoBERTa classifier with a word tokenizer; returns its folder."""
    library = _library()
    tokenizers = importlib.import_module("tokenizers")
    seed()
    words = ["<s>", "<pad>", "</s>", "<unk>", "i", "am", "so", "happy", "sad", "!"]
    inner = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>")
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    library.PreTrainedTokenizerFast(tokenizer_object=inner, **marks).save_pretrained(folder)
    config = library.RobertaConfig(
        **SMALL,
        vocab_size=len(words),
        max_position_embeddings=140,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
    )
    library.RobertaForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def speech_recogniser(folder: Path) -> str:
    """A tiny Whisper with a decoder and byte tokens, in CTranslate2's format; its folder."""
    library, tokenizers = _library(), importlib.import_module("tokenizers")
    seed()
    marks = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>"]
    marks += ["<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    marks += ["<|notimestamps|>", *(f"<|{i * 0.02:.2f}|>" for i in range(1501))]
    bytes_ = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokens = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocab={byte: i for i, byte in enumerate(bytes_)}, merges=[])
    )
    tokens.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = tokenizers.decoders.ByteLevel()
    tokens.add_special_tokens(marks)
    end = tokens.token_to_id(marks[0])
    config = library.WhisperConfig(
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        vocab_size=tokens.get_vocab_size(),
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=tokens.token_to_id(marks[1]),
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    model = library.WhisperForConditionalGeneration(config)
    settings = model.generation_config
    settings.suppress_tokens = settings.begin_suppress_tokens = []
    settings.alignment_heads = [[0, 0]]
    settings.lang_to_id = {"<|en|>": tokens.token_to_id("<|en|>")}
    settings.no_timestamps_token_id = tokens.token_to_id("<|notimestamps|>")
    source, target = folder / "transformers", folder / "ctranslate2"
    model.save_pretrained(source)
    library.PreTrainedTokenizerFast(
        tokenizer_object=tokens, eos_token=marks[0], bos_token=marks[0], unk_token=marks[0]
    ).save_pretrained(source)
    library.WhisperFeatureExtractor().save_pretrained(source)
    converters = importlib.import_module("ctranslate2.converters")
    converters.TransformersConverter(
        str(source), copy_files=["tokenizer.json", "preprocessor_config.json"]
    ).convert(str(target))
    return str(target)
