"""The report: two pages for people who only read, as one HTML file or as a PDF.

    document    what a report is made of: figures that know their line, tiles, tables, pictures
    lines       figures of a case by the full name of their line, as they are printed
    answers     what a share is worth, what the price needs, and the pictures of that
    beliefs     what one has to believe: the inputs that matter, with reasons, and where they lead
    since       what moved since the last vintage in the ledger
    origin      scorecard, sources and certificate
    make        a document from tables, or from an analyst's workbook
    html, pdf   the same document as a page and as a PDF

Every printed figure carries the line it comes from, so that a test can hold it against that line.
"""
