"""What all tests share: compiled rounds are kept in one folder, which may be thrown away."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Before anything is compiled. A folder in the environment (a CI cache, say) is respected.
os.environ.setdefault(
    "POSALIGN_CACHE", str(Path(tempfile.gettempdir()) / f"posalign_sim_tests_{os.getuid()}")
)
