"""What is made of the columns of a table in memory: which are learned from, and as what.

`choosing` picks them and decides their types; `flaws` finds cells that a column cannot be learned from with;
`identifiers` tells codes and serial numbers from amounts; `words` reads missing words and other spellings as values;
`summary` finds rows such as Total at the end; `date_text` reads dates and times, `dates` makes numbers of them.
Does not depend on files and models.
"""
