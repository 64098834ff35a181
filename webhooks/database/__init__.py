"""What every table is asked alike: rows in pages, and text that a column can hold."""
