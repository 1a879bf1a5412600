"""Turns the layers of a config into Keras layers; does not depend on data or training.

`making` has the table of all kinds; `blocks` makes those that consist of several Keras layers, `members` an ensemble
that shares dense layers; `placement` gives each layer its name and seed; `augmenting` applies augmentation to images.
"""
