-- A session's console: its scripts' standard output, and what a person types as their standard
-- input.

-- The console's natives, and what the core's files have in common.
local console, own = ...

local page, read = console.page, console.read

own.set_writers(function(text)
	console.write(text .. "\n")
end, function(text)
	if not own.can_wait() then
		console.write(text .. "\n")
	else
		own.finish(page(text))
	end
end)

own.shares_terminal = true

own.set_typed_reader(function(...)
	own.need_wait()
	return read(own.next_place(), ...)
end)
