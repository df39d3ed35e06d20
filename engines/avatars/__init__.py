"""Avatars: a portrait and everything static that was worked out from it.

Loaded on any thread, then only read.
Never fetched over a network, and never changed once made: only replaced or removed whole.
"""
