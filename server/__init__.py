"""Everything that knows a socket, a peer or a wall clock.

Runs on the event loop; heavy work crosses to the engine thread by Mailbox.
Never computes a motion or a picture itself.
"""

import os

# Before numpy is imported. Its matrix products here take microseconds, and OpenBLAS's second thread
# would spin between them: 0.6 of a core, which the encoder and the browser need.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
