"""Tests of the Pipecat plugin: with the real package, against a real server."""
