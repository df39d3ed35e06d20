"""Avatars on disk: one fitted portrait each, with its manifest."""
