"""The run folder: the names of its files, atomic writes, its status, finding runs. Knows no config and no arrays."""
