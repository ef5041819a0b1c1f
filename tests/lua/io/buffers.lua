-- When what was written reaches the file.
local name = "buffers.lua.tmp"
local file = assert(io.open(name, "w"))
local reader <close> = assert(io.open(name))
local function seen()
	reader:seek("set")
	return reader:read("a")
end

file:write("a")
assert(seen() == "", "it waits")
assert(file:flush() == true and seen() == "a", "flush sends it")
assert(file:setvbuf("full", 4))
file:write("bcd")
assert(seen() == "a")
file:write("efg")
assert(seen() == "abcd", "a full buffer is sent")
file:write("0123456789")
assert(seen() == "abcdefg0123456789", "what is larger than the buffer goes at once")
assert(file:setvbuf("line"))
file:write("x")
assert(seen() == "abcdefg0123456789")
file:write("y\nz")
assert(seen() == "abcdefg0123456789xy\n", "lines go when they end")
assert(file:setvbuf("no"))
assert(seen() == "abcdefg0123456789xy\nz")
file:write("!")
assert(seen() == "abcdefg0123456789xy\nz!", "without a buffer all goes at once")
assert(file:setvbuf("full"))
file:write("end")
assert(file:close() == true and seen() == "abcdefg0123456789xy\nz!end", "close sends the rest")
for _, wrong in ipairs { "other", 5, false } do
	local other <close> = assert(io.open(name))
	assert(not pcall(other.setvbuf, other, wrong))
end
do
	local unread <close> = assert(io.open(name))
	assert(unread:setvbuf("no") and unread:read(3) == "abc" and unread:read("l") == "defg0123456789xy", "nor is anything read ahead")
end
os.remove(name)
