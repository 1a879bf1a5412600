"""CSV and Parquet files as columns in memory; does not depend on targets or training.

`csv_text` opens a file, unpacks it, finds delimiter and header; `csv_types` parses a whole CSV on all cores, a type a
column; `reading` is the way in and gives `columns`; `writing` writes Parquet.
"""
