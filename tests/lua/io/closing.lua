-- What closes a file, and what a closed one is good for.
local name = "closing.lua.tmp"
local function fails(pattern, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok and tostring(err):find(pattern, 1, true), tostring(err))
	return err
end

local file = assert(io.open(name, "w"))
assert(io.type(file) == "file" and type(file) == "userdata" and tostring(file):find("^file %(0x%x+%)$"))
assert(file ~= io.open(name), "each opening is a file of its own")
assert(file:close() == true and io.type(file) == "closed file" and tostring(file) == "file (closed)")
for _, method in ipairs { "close", "flush", "lines", "read", "seek", "setvbuf", "write" } do
	local err = fails("attempt to use a closed file", file[method], file)
	assert(err:find("^closing.lua:%d+: "), "the complaint has the script's line: " .. err)
end
fails("attempt to use a closed file", io.close, file)
fails("attempt to use a closed file", io.input, file)
fails("attempt to use a closed file", io.output, file)
fails("bad argument #1 to 'close' (FILE* expected, got no value)", file.close)
fails("bad argument #1 to 'read' (FILE* expected, got table)", file.read, {})
fails("bad argument #1 to 'type' (value expected)", io.type)
assert(io.type(8) == nil and io.type({}) == nil and io.type("file") == nil)

local kept
do
	local file <close> = assert(io.open(name, "w"))
	file:write("by its scope")
	kept = file
end
assert(io.type(kept) == "closed file" and io.lines(name)() == "by its scope")
io.open(name, "w"):write("by the collector")
collectgarbage()
assert(io.lines(name)() == "by the collector")
for _ = 1, 20 do
	for _ = 1, 100 do
		assert(io.open(name)):read()
	end
	collectgarbage()
end

for what, standard in pairs { stdin = io.stdin, stdout = io.stdout, stderr = io.stderr } do
	local closed, problem = standard:close()
	assert(closed == nil and problem == "cannot close standard file", what)
	do
		local _ <close> = standard
	end
	assert(io.type(standard) == "file", what .. " stays open")
end
assert(io.close() == nil and io.output() == io.stdout, "so does the default output")

local meta = getmetatable(io.stdout)
assert(meta == getmetatable(file) and meta.__name == "FILE*" and meta.__index.write == file.write, "files have one metatable")
assert(meta.__tostring(file) == "file (closed)" and type(meta.__close) == "function" and type(meta.__gc) == "function")
function meta.__index.first(file)
	file:seek("set")
	return file:read()
end
do
	local file <close> = assert(io.open(name))
	assert(file:first() == "by the collector", "a script can add a method")
end
meta.__index.first = nil
assert(getmetatable(secret "vm-password") ~= meta and getmetatable("").__index == string and getmetatable({}) == nil)
fails("value expected", getmetatable)
os.remove(name)
