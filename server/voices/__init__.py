"""Voices: text to speech behind one small interface, by several providers.

Runs on the event loop; what takes long is a process, a connection or a thread of its own.
Never plays anything: whoever asks gets samples, and stops a voice by closing its iterator.
"""
