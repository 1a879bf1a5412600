"""What a page shows that is not in the run folder: rows of the data, read again, and what the model says about them.

`own_rows` reads data and model where that is quick and needs no network, `gallery` makes thumbnails of test images,
`surface` draws the plane of two inputs.
"""
