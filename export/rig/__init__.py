"""The rig asset of the motion frame: made once, offline, from the ICT-FaceKit head.

Offline program, main thread.
Never imported by `engines` or `server`.
"""
