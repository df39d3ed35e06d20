"""Scene text: who is seen, how they carry themselves, what they do, and the wishes made of it.

Pure; any thread.
Never calls a network: `server.scene_writer` does.
"""
