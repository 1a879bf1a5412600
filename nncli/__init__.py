"""nncli describes a neural network in ten lines of YAML, then trains, evaluates, uses and compares it."""

__version__ = "0.1.0"
