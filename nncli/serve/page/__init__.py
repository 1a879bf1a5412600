"""The page: one HTML file, and the routes that it asks for what a network sees and computes.

`routes` adds them, `description` says what a model takes, `looking` what a model must be able to show, `encoding` packs
arrays into JSON, and `document` puts `index.html` together with a script for each subject; it loads nothing.
"""
