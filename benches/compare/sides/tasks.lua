-- COUNT FIRST: stops so many servers, those behind number FIRST, and waits for all the tasks at once; prints the seconds of waiting.
local count, first = tonumber(args[1]), tonumber(args[2])
local servers = {}
for index = 1, count do
	servers[index] = ("00000000-0000-4000-8000-%012x"):format(first + index)
end
local answers = parallel.map(servers, function(id)
	return cds.ccs.StopInstance { InstanceId = id, StopType = "HARD" }
end, { limit = 64 })
local started = time.now()
wait(answers)
print(("%.6f"):format(time.now() - started))
