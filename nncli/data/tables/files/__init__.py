"""CSV and Parquet files as columns in memory; does not depend on targets or training.

`content` unpacks and decodes, `converting` makes CSV text of JSON lines and Excel sheets, `csv_text` takes it apart
into header and rows; `number_text` reads numbers however they are written, `csv_types` a whole CSV on all cores, a type
a column; `format_guess` finds out how a file is written; `reading` is the way in and gives `columns`; `writing` writes
Parquet.
"""
