-- log takes text that is not UTF-8.
log.info("bytes: \xff")
