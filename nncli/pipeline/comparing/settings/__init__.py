"""What variants are given so that their comparison is fair, and in what they differ.

`budget` gives each training the same epochs or seconds, `learning_rates` tries three for each variant, `differing`
finds the keys whose values differ. None of them trains.
"""
