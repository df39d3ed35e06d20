"""Tests of the LiveKit plugin: with the real framework, against a real server."""
