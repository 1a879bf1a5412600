"""The page: one HTML file, and the routes that it asks for what a network sees and computes.

`routes` adds them, `description` says what a model takes, `looking` what a model must be able to show, `encoding` packs
arrays into JSON, and `document` reads `index.html`, which has everything in it and loads nothing.
"""
