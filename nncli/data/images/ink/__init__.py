"""Brings photos and scans of drawings to the form of the images that a network was trained on, such as MNIST's.

`preparing` is the way from a file to the model's arrays, `extracting` that from a picture; `paper` takes the paper
away, `regions` finds connected ink, `drawings` tells drawings from specks, lines and the table's edge, `fitting` scales
and centres one, and `strokes` keeps its strokes as wide as those of the training images. Knows no networks and no
labels.
"""
