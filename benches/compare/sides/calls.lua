-- COUNT CONCURRENCY: signed calls; prints calls a second.
local count, concurrency = tonumber(args[1]), tonumber(args[2])
local describe, left = cds.ccs.DescribeTags, count
local function worker()
	while left > 0 do
		left = left - 1
		describe()
	end
end
local workers = {}
for index = 1, concurrency do
	workers[index] = worker
end
local started = time.now()
if concurrency == 1 then
	worker()
else
	parallel(workers)
end
print(("%.0f"):format(count / (time.now() - started)))
