"""What people may write as SQL: read, typed and built as trees."""
