"""``python -m tilegrad`` does what the ``tilegrad`` command does."""

import sys

from tilegrad.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
