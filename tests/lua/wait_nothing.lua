-- An id "" or "0" means that there is nothing to wait for (wire-facts.md, Tasks).
assert(#wait(task("cds_task", "")) == 0 and #wait(task("cds_task", "0")) == 0, "a handle without a task is over at once")
