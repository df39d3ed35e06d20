"""`python -m export.gallery`: see export.gallery.command.

Runs on the main thread.
Never imported.
"""

import sys

from export.gallery.command import main

if __name__ == "__main__":
    sys.exit(main())
