"""From a fitted portrait and a motion to a picture of the person.

Engine thread, or a virtual clock offline.
Never reads a file after loading, never keeps a random number, never knows a socket.
"""
