"""Tests of the face finder."""
