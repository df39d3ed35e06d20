"""Faces in pictures: where they are, their 478 points, and what is person and what is wall."""
