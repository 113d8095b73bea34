"""A report in the browser while its spec is written: built again as files are saved, on this machine alone.

`previewed` builds it and knows what each figure is made of, over `kept_answers`: what a statement gave is asked once,
until the source changes. `watched_files` says when, and `preview_server` hands all of it to one browser.
"""
