"""Access to rows that all tables share: in pages, and with text that a column can hold."""
