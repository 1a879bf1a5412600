"""How good predictions are: numbers, the worst examples, pictures; knows no model and no config."""
