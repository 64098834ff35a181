"""What all tables share: rows in pages, text that a column can hold, migrations."""
