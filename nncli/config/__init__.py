"""Configs: sections and layers as frozen models, YAML with positions, the pairing rules. Knows no arrays, no Keras."""
