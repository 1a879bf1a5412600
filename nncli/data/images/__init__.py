"""Image files and folders as data sets, decoded the same way in training and prediction.

`files` finds image files, `decoding` turns one into the array a model takes, `fitting` brings it to a size, `border`
measures the brightness of borders (inverted images), `folders` reads a folder for each class, `image_dataset` makes a
data set of arrays, `samples` draws pictures to try commands on.
Does not depend on tables or models.
"""
