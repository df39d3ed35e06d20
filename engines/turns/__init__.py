"""Who speaks when: ends of turns, interruptions, and telling a visitor from the face's own echo.

Pure; used by the event loop.
Never knows a socket, a clock or a model of language.
"""
