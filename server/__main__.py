"""`python -m server`: the same as the command `synchrorama`.

Runs on the main thread.
Never holds anything but this call.
"""

import sys

from server.cli import main

if __name__ == "__main__":
    sys.exit(main())
