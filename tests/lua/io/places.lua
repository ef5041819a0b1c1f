-- Where in a file a script is.
local name = "places.lua.tmp"
do
	local file <close> = assert(io.open(name, "w+"))
	assert(file:seek() == 0 and file:write("alo alo"):seek() == 7)
	assert(file:seek("cur", -3) == 4 and file:write("joao") and file:seek("end") == 8 and file:seek("set") == 0)
	assert(file:read("a") == "alo joao")
	assert(file:seek("set", 4) == 4 and file:read(2) == "jo")
	assert(file:seek() == 6 and file:seek("cur", -1) == 5 and file:read(1) == "o", "what was read ahead is not counted")
	assert(file:seek("end", -2) == 6 and file:read("a") == "ao")
	assert(file:seek("set", 100) == 100 and file:read(1) == nil, "a place behind the end")
	local place, problem, code = file:seek("set", -1)
	assert(place == nil and problem == "Invalid argument" and code == 22, "and one before the beginning")
	assert(file:seek("cur", "2.0") == 102, "a number may be a text")
	for problem, arguments in pairs {
		["bad argument #1 to 'seek' (invalid option 'middle')"] = { "middle" },
		["bad argument #2 to 'seek' (number expected, got table)"] = { "set", {} },
		["bad argument #2 to 'seek' (number has no integer representation)"] = { "set", 1.5 },
	} do
		local ok, err = pcall(file.seek, file, table.unpack(arguments))
		assert(not ok and err:find(problem, 1, true), err)
	end
end
os.remove(name)
