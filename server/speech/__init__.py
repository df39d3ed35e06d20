"""What a session is given to say: texts read, cut, made into sound by a voice, and put in line.

Runs on the event loop.
Never plays anything itself: sound goes on the session's timeline of pushed speech.
"""
