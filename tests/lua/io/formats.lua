-- What read gives for each format, alone and together.
local name = "formats.lua.tmp"
local function with(text)
	local file <close> = assert(io.open(name, "w"))
	file:write(text)
	file:close()
	return assert(io.open(name))
end

do
	local file <close> = with("a line\nanother line\n1234\n3.45\none\ntwo\nthree\n")
	local first, second, third, fourth, none = file:read("l", "L", "n", "n")
	assert(first == "a line" and second == "another line\n" and third == 1234 and fourth == 3.45 and none == nil)
	assert(file:read() == "" and file:read("*l") == "one" and file:read("line") == "two", "a line is what is read by default")
	assert(file:read("a") == "three\n" and file:read("a") == "" and file:read("l") == nil, "all of nothing is empty, no line is nil")
end

do
	local file <close> = with("a line\nmore\n")
	assert(select("#", file:read("l", "n", "l")) == 2, "what follows a format that fails is not read")
	assert(file:read("l") == "more", "and stays")
end

do
	local file <close> = with("\n\nline\nother")
	assert(file:read("L", "L", "L") == "\n")
	assert(file:read("L") == "other" and file:read("L") == nil, "L keeps the end of a line where there is one")
end

do
	local file <close> = with("12345")
	assert(file:read(0) == "" and file:read(3) == "123" and file:read(30000) == "45", "a count is a limit")
	assert(file:read(0) == nil and file:read(1) == nil and select("#", file:read(1)) == 1, "at the end there is nothing")
end

do
	local file <close> = with("one")
	assert(file:read("a") == "one" and file:read(1) == nil)
	local more <close> = assert(io.open(name, "a"))
	more:write("\ntwo\n")
	more:close()
	assert(file:read("l", "l") == "" and file:read(1) == nil, "the end is where the file ends now")
end

do
	local bytes = {}
	for byte = 0, 255 do
		bytes[#bytes + 1] = string.char(byte)
	end
	local all = table.concat(bytes)
	local file <close> = with(all)
	assert(file:read("l") == all:sub(1, 10) and file:read("a") == all:sub(12), "bytes are read as they were written")
	file:seek("set", 255)
	assert(file:read(0) == "" and file:read(1) == "\255", "a byte 255 is not the end")
end

do
	local long = ("0123456789123"):rep(5001)
	local file <close> = with(long .. "\n12346")
	local all = file:read("a")
	file:seek("set")
	assert(all == file:read(30001) .. file:read(1005) .. file:read(0) .. file:read(1) .. file:read(100003), "beyond any buffer")
	file:seek("set")
	assert(file:read() == long and file:read() == "12346" and file:read() == nil, "a long line")
end
os.remove(name)
