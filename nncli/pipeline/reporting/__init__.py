"""The pages that `nncli report`, `train`, `eval` and `compare` write: what is known of a run, made ready to be read.

`reporting` tells the story; `training_page`, `comparison_page` and `index_page` gather what a page shows, from the
files of a run folder alone; `scores` is what they say about a test, `pictures` takes those that are there, `tables` how
numbers are written. `card` is the model card. `examples/` shows rows of the data.
"""
