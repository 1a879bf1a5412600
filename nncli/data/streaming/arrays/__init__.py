"""Arrays in files larger than memory: mapped where they lie, or inflated once, and written as sets into the cache.

`loading` is the entry point; `images` writes images, and `rows` reads numbers as the pieces of a table, which `tables`
encodes.
"""
