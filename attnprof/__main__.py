"""``python -m attnprof`` and the ``attnprof`` script."""

import sys

from attnprof.cli._main import main

if __name__ == "__main__":
    sys.exit(main())
