-- A finalizer that the collector calls in the middle of a read may use the same file.
local name = "finalizers.tmp"
local file <close> = assert(io.open(name, "w+"))
for _ = 1, 5000 do
	file:write("line\n")
end
file:seek("set")
local failed = 0
for _ = 1, 5000 do
	file:read("L")
	setmetatable({}, {
		__gc = function()
			failed = failed + (pcall(file.seek, file, "cur") and 0 or 1)
		end,
	})
end
collectgarbage()
assert(failed == 0, failed .. " finalizers could not use the file")

-- What is no file is refused in Lua's words.
for _, method in ipairs { "__gc", "__close" } do
	local ok, problem = pcall(getmetatable(io.stdout)[method], 1)
	assert(not ok and problem:find("FILE* expected, got number", 1, true), problem)
end
assert(os.remove(name))
