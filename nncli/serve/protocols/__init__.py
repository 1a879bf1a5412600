"""What clients speak: each module adds the routes of one protocol.

`bodies` reads what a request carries and `inputs` makes batches of it; `prediction` is `nncli predict` over HTTP,
`open_inference` the Open Inference Protocol (V2), `invocations` MLflow's scoring protocol, `operation` health and
metrics.
"""
