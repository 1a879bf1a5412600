"""Image files and folders as data sets, decoded the same way in training and prediction.

`files` finds image files, `decoding` turns one into the array that a model takes, `fitting` pads, crops or stretches
it, `border` measures the brightness of borders to find inverted images, `folders` reads folders with one folder per
class, `labels/` reads labels from tables and file names, `image_dataset` makes a data set of arrays, `samples` draws
images to try commands on. Does not depend on models.
"""
