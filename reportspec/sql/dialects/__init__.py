"""What dialects of SQL are made of. Statements are built in one canonical form, DuckDB's meaning of sqlglot's
nodes; a database's `Dialect`, in its file in `databases/`, says which nodes it means otherwise, or lacks, and
what to write instead. Here is what several of them need."""
