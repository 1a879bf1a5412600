"""Pictures of a network while it learns: frames side by side in a PNG, one after the other in an animated GIF.

`animation` lays frames out and encodes them, `boundary` paints what is predicted over two inputs, `weights` the
weights of a first layer, `sketches` makes both of characters. Does not depend on models.
"""
