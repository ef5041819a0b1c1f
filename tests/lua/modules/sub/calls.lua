return { code = cds.ccs.DescribeTags().Code }
