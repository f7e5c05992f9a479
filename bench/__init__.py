"""Speed: each module times whole commands and prints a table, `uv run python -m bench.launch`."""

import atexit
import os
import shutil
import tempfile

from upready.support import folders

# What the tasks remember of the clones made here does not stay in the user's own folder.
_state = tempfile.mkdtemp()
os.environ[folders.VARIABLE] = _state
atexit.register(shutil.rmtree, _state, ignore_errors=True)
