"""The hardenings of aiortc, one small file each, and the checks before an offer is parsed.

Applied once at start-up by `install`, and to each peer by `server.peer`.
Never changes media or sessions: only what aiortc does with them.
"""
