"""CSV and Parquet files as columns in memory; does not depend on targets or training.

`reading` is the entry point and returns the tables of `columns`. `content` unpacks and decodes files, `converting`
turns JSON lines and Excel sheets into CSV text, `csv_text` separates header and rows, `number_text` reads numbers in
many notations, `csv_types` reads a large CSV quickly with one type per column, `format_guess` guesses the format of a
file, `parquet` reads and writes Parquet.
"""
