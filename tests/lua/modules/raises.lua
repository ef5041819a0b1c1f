-- first
error("from the module")
