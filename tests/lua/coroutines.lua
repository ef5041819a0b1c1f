-- Calls work inside coroutines, protected calls, iterators and to-be-closed variables, and the script sees no foreign yield.
local tags = cds.ccs.DescribeTags
local function code()
	return tags().Code
end
assert(select(2, pcall(code)) == "Success" and select(2, xpcall(code, debug.traceback)) == "Success", "in pcall and xpcall")
local seen = {}
for x in coroutine.wrap(function()
	for i = 1, 3 do
		tags()
		coroutine.yield(i)
	end
end) do
	seen[#seen + 1] = x
end
assert(table.concat(seen, ",") == "1,2,3", "an iterator yields what the script yields and nothing else")
local co = coroutine.create(function(a)
	tags()
	local b = coroutine.yield(a + 1)
	time.sleep(5)
	return b * 2
end)
local ok, x = coroutine.resume(co, 1)
assert(ok and x == 2 and coroutine.status(co) == "suspended", "resume gives the script's own yield")
local before = time.now()
ok, x = coroutine.resume(co, 21)
assert(ok and x == 42 and coroutine.status(co) == "dead" and time.now() - before >= 5, "a sleep suspends the resumer too")
local function nested(n)
	return n == 0 and code() or coroutine.wrap(nested)(n - 1)
end
assert(nested(50) == "Success", "fifty coroutines deep")
local function protected(n)
	return n == 0 and code() or select(2, pcall(protected, n - 1))
end
assert(protected(100) == "Success", "a hundred protected calls deep")
local closed
do
	local guard <close> = setmetatable({}, { __close = function() closed = code() end })
end
assert(closed == "Success", "in __close")
local count = 0
for _ in function()
	count = count + 1
	return code() == "Success" and count < 3 and count or nil
end do
end
assert(count == 3, "in a for iterator")
local m = {
	__index = function(_, k) return k .. code() end,
	__call = function() return code() end,
	__eq = function() return code() == "Success" end,
	__lt = function() return code() == "Success" end,
	__concat = function() return code() end,
	__len = function() return #code() end,
	__unm = function() return code() end,
	__tostring = function() return code() end,
	__pairs = function() return next, { [code()] = true } end,
}
local a, b = setmetatable({}, m), setmetatable({}, m)
assert(a.x == "xSuccess" and a() == "Success" and a == b and a < b and a .. b == "Success" and #a == 7 and -a == "Success", "in metamethods")
assert(tostring(a) == "Success", "in tostring")
for k in pairs(a) do
	assert(k == "Success", "in __pairs")
end
assert(not pcall(coroutine.resume, 5) and not pcall(coroutine.wrap, 5), "coroutine functions check their arguments")
local dead = coroutine.wrap(function() end)
dead()
assert(not pcall(dead), "a dead coroutine cannot be resumed")
local open = coroutine.create(function()
	local guard <close> = setmetatable({}, { __close = function() closed = "by close" end })
	coroutine.yield()
end)
coroutine.resume(open)
assert(coroutine.close(open) and closed == "by close" and coroutine.status(open) == "dead", "coroutine.close closes its variables")

-- What a script yields outside a coroutine of its own would reach no one.
local function yields_nowhere(where)
	local ok, err = pcall(coroutine.yield, 1)
	assert(not ok and tostring(err):find("attempt to yield from outside a coroutine", 1, true), where .. ": " .. tostring(err))
	assert(not coroutine.isyieldable() and select(2, coroutine.running()), where)
	local inside = coroutine.wrap(function()
		assert(coroutine.isyieldable() and not select(2, coroutine.running()), where)
		assert(coroutine.yield(1) == 2, where)
		return code()
	end)
	assert(inside() == 1 and inside(2) == "Success", where)
end
yields_nowhere "in the script itself"
xpcall(yields_nowhere, error, "in xpcall")
require "modules.yields"(yields_nowhere)
load("local f = ... f 'in a loaded chunk'")(yields_nowhere)
parallel { function() yields_nowhere "in a task" end, function() time.sleep(1) yields_nowhere "in a task that has waited" end }
defer(function() yields_nowhere "in what is deferred" end)
local main, is_main = coroutine.running()
assert(is_main and coroutine.isyieldable(coroutine.create(print)) and type(main) == "thread")
ok, x = pcall(coroutine.isyieldable, 5)
assert(not ok and x:find("bad argument #1 to 'coroutine.isyieldable'", 1, true), x)
