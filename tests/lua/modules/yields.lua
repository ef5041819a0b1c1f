-- A module whose chunk is looked at while it loads.
return function(f)
	f "in a function of a module"
end
