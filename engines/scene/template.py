"""The scene without a language model: a sentence over the avatar's attributes, one over the manner.

Pure; any thread.
Never repeats the system prompt: it is read for manner, its words stay out.
"""

from __future__ import annotations

from collections.abc import Mapping

from engines.emotion.values import EMOTIONS, EmotionOverride
from engines.scene.cues import actions_in
from engines.scene.reading import Reader, Reading
from engines.scene.values import MAX_DESCRIPTION, MAX_SCENE_TEXT, Scene, clean_text

_MAX_ATTRIBUTE = 80
_LEAST_FEELING = 0.5
"""Strength from which scene text counts as asking for a feeling."""
_SAID: dict[str, tuple[str, str]] = {
    # What a dial well below and well above the usual is called.
    "energy": ("holds the head still", "moves the head freely"),
    "smile": ("does not smile", "smiles readily"),
    "gaze": ("often looks away", "keeps eye contact"),
    "tempo": ("moves slowly", "moves quickly"),
    "blink": ("seldom blinks", "blinks often"),
    "brows": ("keeps the brows calm", "has lively eyebrows"),
    "nod": ("hardly nods", "nods while listening"),
}
_CLEARLY = 0.12


def attribute_sentence(attributes: Mapping[str, str]) -> str:
    """Who is seen: "A woman of about 30, skin dark, hair ..., wearing ..., in front of ...".

    Keys as in `Avatar.attributes` (age, sex, skin, hair, clothes, setting), any of them missing.
    """
    known = {key: clean_text(text, _MAX_ATTRIBUTE) for key, text in attributes.items()}
    known = {key: text for key, text in known.items() if text}
    who = f"A {known.get('sex', 'person')}"
    if "age" in known:
        who += f" of {known['age']}"
    parts = [who]
    parts += [f"with {known['skin']} skin"] if "skin" in known else []
    parts += [f"hair: {known['hair']}"] if "hair" in known else []
    parts += [f"wearing {known['clothes']}"] if "clothes" in known else []
    parts += [f"before {known['setting']}"] if "setting" in known else []
    return ", ".join(parts) + "."


def manner_sentence(dials: Mapping[str, float]) -> str:
    """How they move: "Smiles readily, keeps eye contact." ("Moves as people do." when usual)."""
    said = []
    for name, (low, high) in _SAID.items():
        value = dials.get(name, 0.5)
        if abs(value - 0.5) >= _CLEARLY:
            said.append(low if value < 0.5 else high)
    text = ", ".join(said) or "moves as people do"
    return text[0].upper() + text[1:] + "."


def template_scene(attributes: Mapping[str, str], prompt: str, reader: Reader) -> Scene:
    """The scene a session starts with: attributes, and the manner its system prompt asks for."""
    dials = reader.read(prompt).told() if prompt else {}
    text = f"{attribute_sentence(attributes)} {manner_sentence(dials)}"
    return Scene(clean_text(text, MAX_DESCRIPTION), dials)


def live_scene(text: str, reader: Reader) -> Scene:
    """What a client's scene text asks for now: its words, manner, actions and feeling.

    Bounded and cleaned; a text that says nothing of manner has no dials, so that "she nods" leaves
    the manner that is.
    """
    clean = clean_text(text, MAX_SCENE_TEXT)
    reading = reader.read(clean)
    return Scene(
        clean_text(clean, MAX_DESCRIPTION), reading.told(), actions_in(clean), mood_of(reading)
    )


def mood_of(reading: Reading) -> EmotionOverride | None:
    """The feeling a text clearly asks for, as strong as it asks; None for neutral or none."""
    told = [(strength, label) for label, strength in reading.feelings.items()]
    strength, label = max(told, default=(0.0, EMOTIONS[0]))
    if label == EMOTIONS[0] or strength < _LEAST_FEELING:
        return None
    return EmotionOverride(label=label, intensity=round(min(1.0, strength), 2))
