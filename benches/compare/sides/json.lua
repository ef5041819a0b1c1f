-- FILE: a file as tables; prints the seconds.
local text = assert(io.open(args[1])):read "a"
local started = time.now()
local value = json.decode(text)
print(("%.6f"):format(time.now() - started))
assert(value.Data.Instances[1].InstanceId, "servers came")
