"""Loads MNIST as arrays with nncli, as `nncli train` does.

    python load_with_nncli.py [DATA_DIR]

Prints the seconds it takes, without imports.
"""

import sys
import time
from pathlib import Path

from nncli.config.sections import Data
from nncli.data import load

start = time.perf_counter()
data_dir = Path(sys.argv[1]) if len(sys.argv) > 1 else None
dataset = load(Data(source="mnist"), seed=1, data_dir=data_dir, progress=lambda what, share: None)
print(time.perf_counter() - start)
