cds.ccs.CreateTag {}
