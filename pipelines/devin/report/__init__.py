"""The report: what the models say of a period, as a page or on a terminal.

    reading -> headline, ranking, spending, results, control -> content -> page, text

`content` reads it all while the warehouse is open; what shows it asks for nothing any more.
"""
