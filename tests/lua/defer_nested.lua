-- A function that is deferred while deferred functions run is run too.
local inner = false
defer(function() assert(inner, "what a deferred function defers runs too") end)
defer(function()
	defer(function() inner = true end)
end)
