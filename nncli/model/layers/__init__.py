"""From a layer of the config to Keras layers; does not depend on data or training.

`making` has the table of all kinds; `blocks` makes those of several Keras layers, `members` an ensemble that shares
dense layers; `placement` gives each layer its name and seed; `augmenting` shows what augmentation makes of images.
"""
