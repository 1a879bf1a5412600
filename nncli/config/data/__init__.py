"""Sections below `data`: `splits` says which rows go to which set, `columns` what the columns of a table are."""
