"""A page and an HTTP service that answer requests with models.

`server` runs the process, `app` puts the routes together, `guard` stands before all of them; `model` is what can be
served, `registry` holds the models by name, `batching` runs requests together; `limits`, `refusals` and `metrics` are
what their names say. The protocols lie in `protocols/`, the page of a run and what it asks for in `page/`, that on
which networks are built in `workbench/`. Opens no runs, trains nothing and prints nothing: the pipeline does all three.
"""
