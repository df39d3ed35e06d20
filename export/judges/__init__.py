"""Judges: published nets that look at made pictures and were never tuned on them.

Offline programs, main thread; each runs in an interpreter of its own (constraints-track.txt).
Never imported by `engines` or `server`.
"""
