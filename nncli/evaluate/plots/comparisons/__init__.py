"""Pictures of a comparison.

`comparison` draws all variants, `differences` how far apart they are, `naming` chooses their names.
"""
