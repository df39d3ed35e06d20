"""A made portrait becomes a built-in avatar.

Runs on the calling thread, a few seconds a portrait.
Never makes a portrait, never touches other avatars.
"""

from pathlib import Path

from export.fit_avatar import About, beside, make, read_photo, size_of
from export.gallery.recipes import Recipe

CREDIT = (
    "Made for this project by blending AI-generated portraits (faker-js, CC0-1.0); "
    "shows nobody who exists"
)


def fit_portrait(recipe: Recipe, made: Path, avatars: Path) -> str:
    """Fits made/<name>.png, with its exact matte, into avatars/<name>; returns a line about it."""
    image = made / f"{recipe.name}.png"
    about = About(recipe.name, recipe.title, CREDIT, recipe.attributes)
    folder = make(read_photo(image), about, avatars, matte=beside(image), replace=True)
    return f"{folder}: {size_of(folder) / 2**20:.2f} MiB"
