calls = (calls or 0) + 1 return { n = calls, name = (...) }
