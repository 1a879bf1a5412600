"""The one number to compare models by, for each task; larger is better for all of them."""

MAIN_METRICS = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "micro_f1",
    "regression": "r2_score",
    "positive_regression": "r2_score",
}
