// The report: puts the sections together, in the order in which they are read.
