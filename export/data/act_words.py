"""Sentences that tell what a face does, as scene texts put it; some of them kept for validation.

Offline; pure.
Never a sentence that tells two actions of one box.
"""

from __future__ import annotations

from collections.abc import Mapping

from export.data.acted import NOTHING

KEPT = 3
"""One sentence in so many is never trained on."""
SENTENCES: Mapping[str, tuple[str, ...]] = {
    NOTHING: (
        "She faces the camera and talks.", "He speaks calmly, nothing else.",
        "A person talks to the viewer.", "He keeps a straight face while talking.",
        "She speaks with a neutral face.", "The woman explains something plainly.",
        "The man talks, his face at ease.", "Someone reads a text aloud.",
        "He answers in a matter-of-fact way.",
    ),
    "smile": (
        "She smiles.", "He gives a warm smile.", "The woman smiles at the camera.",
        "A broad smile spreads over his face.", "She beams.", "He grins at the viewer.",
        "Smiling, she listens.", "With a friendly smile he waits.", "Her mouth curves upward.",
    ),
    "laugh": (
        "She laughs.", "He bursts out laughing.", "The man laughs out loud.",
        "Laughing, she throws her head back.", "He chuckles heartily.", "She giggles.",
        "A hearty laugh shakes him.", "She cracks up at the joke.", "He cannot stop laughing.",
    ),
    "shrug": (
        "She shrugs.", "He shrugs his shoulders.", "With a shrug she purses her lips.",
        "His face seems to say: who knows?", "The man shrugs it off.", "Shrugging, he waits.",
        "She pushes her lower lip up, unsure.", "He shrugs helplessly.", "A doubtful shrug.",
    ),
    "look_left": (
        "She looks to the left.", "He glances left.", "Her eyes wander to the left.",
        "The man looks left.", "His gaze moves to the left side.", "She turns her eyes left.",
        "Looking left, he pauses.", "He peers to his left.", "A glance to the left.",
    ),
    "look_right": (
        "She looks to the right.", "He glances right.", "Her eyes wander to the right.",
        "The man looks right.", "His gaze moves to the right side.", "She turns her eyes right.",
        "Looking right, he pauses.", "He peers to his right.", "A glance to the right.",
    ),
    "look_up": (
        "She looks up.", "He glances upward.", "Her eyes wander up to the ceiling.",
        "The man looks up.", "He rolls his gaze up, thinking.", "She turns her eyes upward.",
        "Looking up, he thinks.", "He peers at the ceiling.", "A glance at the sky.",
    ),
    "look_down": (
        "She looks down.", "He glances down.", "Her eyes sink to the floor.",
        "The man looks down.", "He lowers his gaze.", "She drops her eyes.",
        "Looking down, he pauses.", "He peers at the table below.", "A glance at the ground.",
    ),
    "raise_brows": (
        "She raises her eyebrows.", "He lifts his brows.", "Her eyebrows shoot up.",
        "The man raises his brows, surprised.", "With raised eyebrows she listens.",
        "His eyebrows go up.", "Brows raised, he waits.", "She arches her eyebrows.",
        "He opens his eyes wide, brows up.",
    ),
    "wink": (
        "She winks.", "He gives a wink.", "The woman winks at the camera.",
        "He closes one eye for a moment.", "With a wink she goes on.", "Winking, he waits.",
        "She shuts one eye playfully.", "A quick wink.", "He winks at the viewer.",
    ),
}  # fmt: skip


def sentences(action: str, kept: bool) -> tuple[str, ...]:
    """Those trained on, or those kept."""
    return tuple(text for i, text in enumerate(SENTENCES[action]) if (i % KEPT == KEPT - 1) == kept)
