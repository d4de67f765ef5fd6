"""Comparisons with other libraries; see docs/measuring.md.

The scripts also run by themselves (``python benches/peers/train_step.py``) and in the interpreters of the peers, so
they find each other by their own folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
