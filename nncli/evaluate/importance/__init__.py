"""Which inputs a model uses: columns of a table, places of an image; takes a function that predicts, not a model.

`permutation` shuffles columns, `occlusion` covers places of images, `pictures` draws both.
"""
