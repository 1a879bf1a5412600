"""Parts of an evaluation: what is measured beside the metrics of the run itself, and the pictures.

`references` fits other models to the same rows, once for each data set; `thresholds` are those of the run,
`calibrating` fits its temperature; `importance` says which inputs it uses; `pictures` draws what fits the task.
"""
