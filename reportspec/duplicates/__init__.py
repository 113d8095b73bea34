"""Which records of a source are the same person, company or deal.

    knowledge   how records are compared: weights, words, names                   catalogue/duplicates/
    subject     which fields of an entity, in this source, are for which comparison
    rows_sql    the entity's rows as the mapping gives them: one statement to the source
    workspace   these rows in DuckDB, whatever database they come from
    normal_sql  values as they are compared; `phones` by the rules of their countries
    pairs_sql   which pairs are compared at all, and what each weighs
    clusters    pairs become groups
    find        the whole way
    survivors, reasons, listing   which record to keep, why, and how it is printed

The source is asked for rows, and everything else is done in DuckDB, which every installation has: so the same rows
make the same pairs whichever database they lie in, a server of a CRM need not join a table with itself, and nothing
is written to it.
"""
