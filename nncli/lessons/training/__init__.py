"""How a training goes.

`adam` compares optimizers step by step, `batches` counts updates, `initialisation` follows signals through deep
networks, `overfitting` lets training and validation part ways, `normalisation` shows why inputs are scaled.
"""
