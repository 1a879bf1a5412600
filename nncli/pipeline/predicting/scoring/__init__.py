"""Parts of an evaluation: what is measured besides the metrics of the run itself, and the pictures.

`measuring` takes the metrics of all rows, of new rows and of groups; `references` fits other models to the same rows,
once for each data set; `thresholds` are those of the run, `calibrating` fits its temperature; `importance` says which
inputs it uses; `verification` compares predictions from files with Keras; `pictures` draws what fits the task.
"""
