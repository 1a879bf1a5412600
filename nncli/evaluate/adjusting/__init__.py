"""What is fitted to the validation set after training, and changes answers without changing what was learned.

`thresholds` chooses above which probability a class or label is predicted, `temperature` calibrates probabilities.
"""
