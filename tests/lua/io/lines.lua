-- Iterators over a file, and when they close it.
local name = "lines.lua.tmp"
local function write(...)
	local file <close> = assert(io.open(name, "w"))
	file:write(...)
end
local function fails(pattern, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok and tostring(err):find(pattern, 1, true), tostring(err))
end

write("one\ntwo\n\nfour")
local lines = {}
for line in io.lines(name) do
	lines[#lines + 1] = line
end
assert(table.concat(lines, "|") == "one|two||four")
local whole = ""
for line in io.lines(name, "L") do
	whole = whole .. line
end
assert(whole == "one\ntwo\n\nfour", "with a format")

local next_line, state, control, closing = io.lines(name)
assert(state == nil and control == nil and io.type(closing) == "file", "the file is the loop's to close")
while next_line() do
end
assert(io.type(closing) == "closed file", "its end closes it")
fails("file is already closed", next_line)

local kept
do
	local _, _, _, file <close> = io.lines(name)
	kept = file
end
assert(io.type(kept) == "closed file", "so does the loop's, at whatever line it is left")
local ok, raised = pcall(function()
	for _ in io.lines(name) do
		error("left")
	end
end)
assert(not ok and raised:find("left", 1, true), "an error leaves it as well")

do
	local file <close> = assert(io.open(name))
	for line in file:lines() do
		assert(line == "one")
		break
	end
	assert(io.type(file) == "file" and file:read() == "two", "a file's own lines leave it open, and where it is")
	local rest = file:lines("a")
	assert(rest() == "\nfour" and rest() == "" and io.type(file) == "file")
	file:close()
	fails("file is already closed", rest)
	fails("attempt to use a closed file", file.lines, file)
end

write("0123456789\n")
for a, b in io.lines(name, 1, 1) do
	assert(a == "\n" and b == nil or tonumber(a) == tonumber(b) - 1, "several formats at once")
end
for a, b, c in io.lines(name, 1, 2, "a") do
	assert(a == "0" and b == "12" and c == "3456789\n")
end
write("00\n10\n20\n30\n40\n")
for a, b in io.lines(name, "n", "n") do
	assert(a == 40 and b == nil or a == b - 10)
end

local ones = {}
for index = 1, 250 do
	ones[index] = 1
end
write(("a"):rep(300), "\n")
local read = { io.lines(name, table.unpack(ones))() }
assert(#read == 250 and read[1] == "a" and read[250] == "a", "250 formats")
ones[251] = 1
fails("too many arguments", io.lines, name, table.unpack(ones))

write("local y\n= X\nX =\nX *\n2 +\nX;\nX =\nX\n- y;\n")
_G.X = 1
assert(not load((io.lines(name))), "lines without their ends are no chunk")
for _, format in ipairs { "L", 1, 3 } do
	load((io.lines(name, format)))()
end
assert(_G.X == 8, "a chunk is loaded from an iterator")

fails("cannot open file 'missing.tmp' (No such file or directory)", io.lines, "missing.tmp")
fails("lines.lua:", io.lines, "missing.tmp")
write("x")
do
	local file <close> = assert(io.open(name, "w"))
	fails("Bad file descriptor", file:lines())
	fails("invalid format", io.lines(name, "x"))
end
os.remove(name)
