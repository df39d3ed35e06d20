"""The measuring bench: latency, soak and connect cycles of a running server.

A process of its own beside the server (or pointed at one); drives a browser or a plain peer.
Never imported by the server itself.
"""
