"""Writes runs where other tools show them; knows neither configs nor run folders.

`description` is what a tracker is told about a run, `packages` says which ones are installed, `event_files` writes what
TensorBoard reads, `mlflow_store` a run of MLflow and `mlflow_model` its model. Nothing is sent anywhere unless an
address is given.
"""
