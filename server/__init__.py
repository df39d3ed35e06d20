"""Everything that knows a socket, a peer or a wall clock.

Runs on the event loop; heavy work crosses to the engine thread by Mailbox.
Never computes a motion or a picture itself.
"""
