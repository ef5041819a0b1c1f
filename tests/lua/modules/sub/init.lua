return "init of sub"
