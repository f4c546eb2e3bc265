"""``python -m attnprof.worker.server``."""

from attnprof.worker.server import main

if __name__ == "__main__":
    main()
