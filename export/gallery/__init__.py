"""Portraits of people who do not exist, made from AI-made portraits by morph and banded blend.

Runs from the command line only, on one thread.
Never runs in the server, and never writes a source portrait.
"""
