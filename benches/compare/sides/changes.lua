-- COUNT CONCURRENCY: makes tags, so many at once; prints the seconds. What was made is removed again, so that each round meets the same cloud.
local count, concurrency = tonumber(args[1]), tonumber(args[2])
local names = {}
for index = 1, count do
	names[index] = ("tag-%d-%d"):format(index, math.random(1 << 40))
end
local started = time.now()
parallel.map(names, function(name)
	cds.ccs.CreateTag { TagName = name }
end, { limit = concurrency })
print(("%.6f"):format(time.now() - started))
parallel.map(cds.ccs.DescribeTags().Data, function(tag)
	if tag.TagName:find("^tag%-") then
		cds.ccs.DeleteTag { TagId = tag.TagId }
	end
end, { limit = concurrency })
