"""A performer by rule: blinks, gaze, head, brows.

Offline; pure but for seeds.
Never used by the server.
"""
