"""The avatar itself: audio in, motion and pictures out.

Runs on the engine thread (or on a virtual clock offline).
Never imports a socket, a web framework, torch or TensorRT at import time.
"""
