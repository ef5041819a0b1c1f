-- How a file is opened, and what it may be used for then.
local name = "modes.lua.tmp"
local function content()
	local file <close> = assert(io.open(name, "rb"))
	return file:read("a")
end

for _, mode in ipairs { "rw", "rb+", "r+bk", "", "+", "b", "R", "x" } do
	local ok, err = pcall(io.open, name, mode)
	assert(not ok and tostring(err):find("bad argument #2 to 'open' (invalid mode)", 1, true), mode .. ": " .. tostring(err))
end
local file, problem, code = io.open(name)
assert(file == nil and problem == name .. ": No such file or directory" and code == 2, "a missing file")
file, problem, code = io.open("no/such/folder", "w")
assert(file == nil and problem == "no/such/folder: No such file or directory" and code == 2, "a missing folder")
file, problem, code = io.open("modes.lua/x")
assert(file == nil and problem == "modes.lua/x: Not a directory" and code == 20, "a file that is no folder")
assert(io.open(name, "r+") == nil, "r+ makes no file")

do
	local file <close> = assert(io.open(name, "w"))
	assert(file:write("one\n") == file, "write gives the file")
	local text, problem, code = file:read()
	assert(text == nil and problem == "Bad file descriptor" and code == 9, "w does not read")
end
do
	local file <close> = assert(io.open(name))
	local written, problem, code = file:write("x")
	assert(written == nil and problem == "Bad file descriptor" and code == 9, "r does not write")
end
do
	local file <close> = assert(io.open(name, "a"))
	assert(file:seek() == 4, "a begins at the end")
	file:seek("set")
	file:write("two\n")
	assert(file:seek() == 8, "and writes there, wherever it went")
end
assert(content() == "one\ntwo\n")
do
	local file <close> = assert(io.open(name, "a+b"))
	assert(file:read() == "one", "a+ reads from the beginning")
	file:write("three\n")
	file:seek("set", 4)
	assert(file:read("a") == "two\nthree\n")
end
do
	local file <close> = assert(io.open(name, "r+"))
	assert(file:read(4) == "one\n")
	file:write("TWO")
	assert(file:read("l") == "" and file:read("l") == "three", "r+ goes on where the other left off")
end
assert(content() == "one\nTWO\nthree\n")
do
	local file <close> = assert(io.open(name, "w+"))
	file:write("new")
	file:seek("set")
	assert(file:read("a") == "new", "w+ begins anew")
end
do
	local folder <close> = assert(io.open("."))
	local text, problem, code = folder:read()
	assert(text == nil and problem == "Is a directory" and code == 21, "a folder opens and does not read")
end
assert(os.remove(name))
