---A value that opens only as a parameter of a call; as text it is `[secret]`.
---@class cumulua.Secret

---JSON's null in a list, where nil would shift the elements.
---@class cumulua.Null

---Seconds, or text such as `90s`, `15m`, `1h30m`.
---@alias cumulua.Duration number|string

---@class cumulua.CallOptions: { timeout: any, retries: any, profile: any, region: any, unchecked: any, [string]: never }
---How long the call may take.
---@field timeout? cumulua.Duration
---How often a call that may be sent again is sent again at most.
---@field retries? integer
---@field profile? string
---@field region? string
---Sends parameters that the catalogue does not know.
---@field unchecked? boolean

---@class cumulua.Binding: { profile: any, region: any, [string]: never }
---@field profile? string
---@field region? string

---A call of an Action that the catalogue lacks.
---@class cumulua.CallRequest: { service: any, action: any, method: any, query: any, body: any, [string]: never }
---@field service string
---@field action string
---@field method? "GET"|"POST"
---@field query? table<string, any>
---@field body? table<string, any>

---What a failing call raises.
---@class cumulua.Error
---@field kind "validation"|"credentials"|"dispatch"|"timeout"|"response"|"service"|"task"|"policy"|"cancelled"
---@field action? string
---@field code? string
---@field message string
---@field http_status? integer
---@field request_id? string
---@field attempts integer
---May the call have been carried out?
---@field sent "no"|"maybe"|"yes"
---@field retryable boolean

---What is known of a call beside its answer.
---@class cumulua.Meta
---@field action string
---@field profile string
---@field region? string
---@field endpoint string
---@field http_status integer
---@field request_id? string
---@field attempts integer
---Seconds.
---@field duration number
---The task that the call started.
---@field task? cumulua.Task
---The call's place in its run: coroutine path and number.
---@field place { path: string, number: integer }

---Tasks that `wait` can wait for.
---@class cumulua.Task
---@field dialect cumulua.TaskKind
---The first of its ids.
---@field id? string
---@field ids string[]

---@class cumulua.WaitOptions: { timeout: any, profile: any, region: any, [string]: never }
---How long the wait may take; an hour unless given.
---@field timeout? cumulua.Duration
---@field profile? string
---@field region? string

---Waits until every task that `x` stands for has ended, and returns the ids of what they made or changed, in order.
---`x`: an answer, a task, or a list of them. A task that failed is an error.
---@class cumulua.wait
---@overload fun(x: any, options?: cumulua.WaitOptions): string[]
wait = {}

---Rebuilds a task from its ids.
---@param dialect cumulua.TaskKind
---@param ids string|integer|string[]
---Further ids that the dialect needs, by their names.
---@param with? table<string, string>
---@return cumulua.Task
function task(dialect, ids, with) end

---What is known of the call that gave this answer.
---@param answer table
---@return cumulua.Meta
function meta(answer) end

---Runs `fn` at the end of the run, last deferred first, also when the run was ended from outside.
---@param fn fun()
function defer(fn) end

---@class cumulua.json
json = {}

---@param value any
---@param options? { indent?: boolean }
---@return string
function json.encode(value, options) end

---@param text string
---@return any
function json.decode(text) end

---What goes wrong in a rehearsal.
---@class cumulua.Fault
---@field action? string An Action's name with or without its service, with `*` for anything; every Action unless given
---@field kind "refuse"|"throttle"|"error"|"error_after"|"no_connection"|"drop_before"|"drop_after"|"delay"|"cut_short"|"malformed"|"empty"|"deep"|"large"|"task_fails"|"task_hangs"|"page_grows"|"page_shrinks"
---@field times? integer So many times only
---@field after? integer So many calls go well first
---@field chance? number From 0 for never to 1 for always
---@field retry_after? integer Errors carry a `Retry-After` of so many seconds
---@field code? string The code of `refuse`
---@field http? integer The status of `refuse`, `error` and `error_after`
---@field seconds? number The time of `delay`
---@field reason? string The reason of `task_fails`
---@field bytes? integer The size of `large`

---The simulated cloud, as a script may direct it; there with `--sim` only.
---@class cumulua.sim
sim = {}

---Makes something go wrong; the first fault that strikes at a call counts.
---@param fault cumulua.Fault
function sim.fault(fault) end

---Lets everything go right again.
function sim.clear() end

---Puts the cloud's clock ahead by so many seconds, or behind.
---@param seconds integer
function sim.skew(seconds) end

---The requests that reached the cloud, oldest first, without secrets.
---@return { time: string, request_id: string, method: string, path: string, action?: string, parameters?: table, status?: integer, code: string, fault?: string }[]
function sim.requests() end

---All that the account has, as `cumulua sim --dump` writes it.
---@return table
function sim.state() end

---Lines on standard error.
---@class cumulua.log
log = {}

---@param ... any
function log.debug(...) end

---@param ... any
function log.info(...) end

---@param ... any
function log.warn(...) end

---@param ... any
function log.error(...) end

---@class cumulua.time
time = {}

---Seconds since 1970, in UTC.
---@return number
function time.now() end

---A time as text: now, as RFC 3339 in UTC, unless something else is asked for.
---@param seconds? number
---@param format? string
---@param zone? string
---@return string
function time.format(seconds, format, zone) end

---Seconds since 1970 of a time in RFC 3339.
---@param text string
---@return number
function time.parse(text) end

---Seconds of a duration.
---@param duration cumulua.Duration
---@return number
function time.duration(duration) end

---@param duration cumulua.Duration
function time.sleep(duration) end

---Prints a value so that a person can read it.
---@param value any
---@param format? "json"
function pp(value, format) end

---Shows the page of an Action, a service or a product.
---@param subject? any
function help(subject) end

---The script's arguments.
---@type string[]
args = {}

---A secret by its name.
---@param name string
---@return cumulua.Secret
function secret(name) end

---An environment variable.
---@param name string
---@return string?
function env(name) end

---@type cumulua.Null
null = nil
