"""Sections below `data`: `splits` says which rows go to which set."""
