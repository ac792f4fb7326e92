"""`boostvsod studio`: a page in the browser to boost a clip, to look at its maps, and to correct them.

    command   the command line
    server    routes, and the guard in front of them
    session   what is open, and the job at work
    clip      a clip: its run, maps, masks and films
    uploads   files that the page sends
    work      the process that runs and exports
    grow      the region around a click

The page is page.html, studio.css, studio.js and paint.js, with parts.css and parts.js of `boostvsod/report/`.
"""
