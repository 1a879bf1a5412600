"""Pictures of images: `worst` the worst predictions, `seen` what a network saw, `contact_sheet` images in a grid.

Does not depend on where the images came from.
"""
