-- log takes anything, and standard output stays the script's.
log.debug("debug", 1, nil, true, {})
log.info()
log.warn(null, print)
log.error("a\nb")
print(nil, 1, 1.5, true, "text")
