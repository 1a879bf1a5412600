"""Configs: sections and layers as frozen models, YAML with positions, the pairing rules.

`sections` is the config as a whole; `section` and `layer_section` are what all sections and layers have in common;
`objective` and `schedules` hold loss, optimizer and metrics; `facts` is what is known about a data set. `resolve`
fills in what a config leaves out, `stack` works out shapes. `layers/` has the layers, `reading/` turns a file into a
config, `rules/` checks one against its data, `describing/` writes and explains configs.
"""
