"""From tables to a project of one's own: what they hold (`seen_tables`), which CRM they are of (`recognise`), which
column is which field (`matching`, by `name_words`), and the files of a project (`project_files`); `start` is the whole
way.

Nothing here reads a figure: what is proposed is held by the same checks as a mapping that was written by hand."""
