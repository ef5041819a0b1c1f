-- The default files.
local name, other = "defaults.lua.tmp", "defaults.lua.tmp2"
local function fails(pattern, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok and tostring(err):find(pattern, 1, true), tostring(err))
end

assert(io.input() == io.stdin and io.output() == io.stdout)
local output = io.output(name)
assert(output == io.output() and io.type(output) == "file" and output ~= io.stdout, "a path is opened")
assert(io.write("alo alo"):seek() == 7 and io.write("\n", 12, " ", 0.5, "\nend") == output)
assert(io.flush() == true and io.close() == true)
fails("default output file is closed", io.write)
fails("default output file is closed", io.flush)
fails("attempt to use a closed file", io.close)
assert(io.output(io.stdout) == io.stdout)

local input = io.input(name)
assert(io.input() == input and io.read() == "alo alo" and io.read("n", "n", "l") == 12 and io.read(1) == "e")
assert(io.input(input) == input and io.read("a") == "nd")
fails("bad argument #1 to 'read' (invalid format)", io.read, "x")
fails("bad argument #2 to 'read' (invalid format)", io.read, "l", -1)
fails("bad argument #1 to 'read' (string expected, got boolean)", io.read, true)
fails("bad argument #1 to 'read' (number has no integer representation)", io.read, 1.5)
io.input():seek("set")
local count = 0
for line in io.lines() do
	count = count + 1
	assert(type(line) == "string")
end
assert(count == 3 and io.type(io.input()) == "file", "lines of the default leave it open")
io.input():seek("set")
for line in io.lines(nil, "L") do
	count = count + #line
end
assert(count == 3 + 18)
assert(io.close(io.input()))
fails("default input file is closed", io.read)
fails("attempt to use a closed file", io.lines)
assert(io.input(io.stdin) == io.stdin)

fails("cannot open file 'no/such/folder' (No such file or directory)", io.output, "no/such/folder")
fails("cannot open file 'missing.tmp' (No such file or directory)", io.input, "missing.tmp")
fails("bad argument #1 to 'input' (FILE* expected, got table)", io.input, {})
fails("--allow-path", io.output, "/etc/passwd")
assert(io.input() == io.stdin and io.output() == io.stdout, "what fails changes nothing")

assert(io.output(assert(io.open(other, "wb"))):write("outra coisa\0\1\3\0\0\0\0\255\0"):close())
io.output(io.stdout)
assert(#io.lines(other, "a")() == 20)
fails("bad argument #2 to 'write' (string expected, got table)", io.write, "", {})
fails("bad argument #1 to 'write' (string expected, got nil)", io.write, nil)
assert(os.rename(other, name) and not os.rename(other, name) and os.remove(name))
local removed, problem, code = os.remove(name)
assert(removed == nil and problem == name .. ": No such file or directory" and code == 2)
