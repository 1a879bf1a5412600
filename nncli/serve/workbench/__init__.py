"""The page on which networks are built and trained: `routes`, what must be able to answer them (`bench`), and
`workbench.html`, which has everything in it and loads nothing."""
