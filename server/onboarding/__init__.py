"""Avatars of users: made from a photo, kept with their consent, removed whole.

Behind the command line and the routes.
Never runs on the engine thread or the event loop.
"""
