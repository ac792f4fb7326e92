"""Reports as one HTML file, which needs no network and no other files.

    page       the parts of a page as data, and writing the file
    pictures   frames and maps as small embedded pictures
    plots      line plots as SVG
    tables     tables as text, Markdown, LaTeX and CSV

These files know nothing of runs; `boosting/report.py` and `bench/report.py` fill them.
"""
