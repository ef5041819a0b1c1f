---A value that opens only as a parameter of a call; as text it is `[secret]`.
---@class cumulua.Secret

---JSON's null in a list, where nil would shift the elements.
---@class cumulua.Null

---Seconds, or text such as `90s`, `15m`, `1h30m`.
---@alias cumulua.Duration number|string

---@class cumulua.CallOptions: { timeout: any, retries: any, profile: any, region: any, unchecked: any, file: any, overwrite: any, [string]: never }
---How long the call may take.
---@field timeout? cumulua.Duration
---How often a call that may be sent again is sent again at most.
---@field retries? integer
---@field profile? string
---@field region? string
---Sends parameters that the catalogue does not know.
---@field unchecked? boolean
---The path of the file that the call sends or receives.
---@field file? string
---Lets what is received replace a file that is there.
---@field overwrite? boolean

---@class cumulua.Binding: { profile: any, region: any, [string]: never }
---@field profile? string
---@field region? string

---A call of an Action that the catalogue lacks.
---@class cumulua.CallRequest: { service: any, action: any, method: any, query: any, body: any, [string]: never }
---@field service string
---@field action string
---@field method? "GET"|"POST"|"PUT"|"DELETE"
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
---The read-only Action that shows whether the call was carried out, where that is unknown.
---@field lookup? string
---The parameters with which it is asked.
---@field lookup_params? table<string, any>
---May the call have been carried out?
---@field sent "no"|"maybe"|"yes"
---Whether making the call again can help and is safe; where there is a token, with that token.
---@field retryable boolean
---The idempotency token that the call was sent with.
---@field token? string

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

---Takes a lock for the rest of the run: one holder among the runs of one store. Waits for it, an hour at most unless given.
---@param name string
---@param options? { timeout?: cumulua.Duration }
function lock(name, options) end

---Stops the script where its calls would go to another account. `profile`: the one that calls use which name none; `id`: the access key.
---@param expected { profile?: string, id?: string }
function expect_account(expected) end

---A state by its name, several, or a function that is given the answer and the state.
---@alias cumulua.StateTest string|string[]|fun(answer: any, state: string?): any

---@class cumulua.StateOptions: { done: any, failed: any, timeout: any, params: any, id: any, profile: any, region: any, [string]: never }
---When the waiting is over; the state `gone` means that the resource is no longer listed.
---@field done cumulua.StateTest
---When nothing good can follow, which is an error.
---@field failed? cumulua.StateTest
---How long the wait may take; an hour unless given.
---@field timeout? cumulua.Duration
---What the function is called with.
---@field params? table
---The resource's id, for a state of the catalogue.
---@field id? string|integer
---@field profile? string
---@field region? string

---Looks until the state is the wanted one, and returns the last answer. `subject`: a state of the catalogue, or any function.
---@param subject cumulua.StateName|fun(params?: any): any
---@param options cumulua.StateOptions
---@return any
function wait.for_state(subject, options) end

---What became of a call whose answer was lost, as the catalogue's lookup shows it once the call's task has come to rest:
---"unknown" where nothing shows it within `timeout`, an hour unless given.
---@param err cumulua.Error
---@param options? { timeout?: cumulua.Duration }
---@return "done"|"not done"|"unknown"
function outcome(err, options) end

---@class cumulua.EnsureOptions: { find: any, make: any, ready: any, timeout: any, [string]: never }
---Gives the thing; nil or false where it is not there.
---@field find fun(): any
---Makes it; the task of an answer that it returns is waited for.
---@field make fun(): any
---Whether it can be used; waited for.
---@field ready? fun(value: any): any
---How long all of it may take; an hour unless given.
---@field timeout? cumulua.Duration

---Finds a thing, or makes it, and never makes it twice: where the answer to `make` was lost, it is found out whether it
---was carried out, and where nothing shows that, the error is raised. Returns the thing, and whether this made it.
---One coroutine of the run at a time makes a thing of this name, and one run of those with the same store.
---@param what string
---@param options cumulua.EnsureOptions
---@return any value
---@return boolean made
function ensure(what, options) end

---@class cumulua.PageOptions: { limit: any, timeout: any, retries: any, profile: any, region: any, unchecked: any, [string]: never }
---Stops after so many, on purpose.
---@field limit? integer
---@field timeout? cumulua.Duration
---@field retries? integer
---@field profile? string
---@field region? string
---@field unchecked? boolean

---Iterates the pages of a list, each an answer. What was collected is held against the service's own count.
---@generic P, A
---@param action fun(params: P, options?: cumulua.CallOptions): A
---@param params? table
---@param options? cumulua.PageOptions
---@return fun(): A?
function pages(action, params, options) end

---Iterates the items of a list with their numbers, page by page.
---@generic P, A
---@param action fun(params: P, options?: cumulua.CallOptions): A
---@param params? table
---@param options? cumulua.PageOptions
---@return fun(): any, integer
function items(action, params, options) end

---@class cumulua.ParallelOptions: { limit: any, settle: any, [string]: never }
---How many run at once: all of them, or 16 for `parallel.map`.
---@field limit? integer
---Collects errors in place of raising the first.
---@field settle? boolean

---Runs functions side by side and returns their results in order. The first error stops the others.
---@class cumulua.parallel
---@overload fun(functions: (fun(): any)[], options?: cumulua.ParallelOptions): any[]
parallel = {}

---Calls `fn` with each element and its number, side by side, and returns the results in order.
---@generic T
---@param list T[]
---@param fn fun(element: T, index: integer): any
---@param options? cumulua.ParallelOptions
---@return any[]
function parallel.map(list, fn, options) end

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

---Runs `fn` at the end of the run or of the `parallel` task, last deferred first, also when it was ended from outside.
---@param fn fun()
function defer(fn) end

---@class cumulua.HttpOptions: { query: any, headers: any, body: any, json: any, timeout: any, redirects: any, max_size: any, [string]: never }
---Added to the URL's own.
---@field query? table<string, string|number>
---A value may be a secret, or a list whose parts stand one behind the other: `{ "Bearer ", secret "token" }`.
---@field headers? table<string, string|integer|cumulua.Secret|(string|cumulua.Secret)[]>
---Sent as text/plain, unless a header sets another type.
---@field body? string
---Sent as JSON.
---@field json? any
---30 s unless given.
---@field timeout? cumulua.Duration
---How many redirects a GET or HEAD follows, to hosts that are allowed; none unless given.
---@field redirects? integer
---How large the answer may be, in bytes; 8 MiB unless given.
---@field max_size? integer

---@class cumulua.HttpRequest: { method: any, url: any, query: any, headers: any, body: any, json: any, timeout: any, redirects: any, max_size: any, [string]: never }
---@field url string|cumulua.Secret
---POST where there is a body, else GET.
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"
---@field query? table<string, string|number>
---@field headers? table<string, string|integer|cumulua.Secret|(string|cumulua.Secret)[]>
---@field body? string
---@field json? any
---@field timeout? cumulua.Duration
---@field redirects? integer
---@field max_size? integer

---@class cumulua.HttpAnswer
---@field status integer
---By their names in lower case.
---@field headers table<string, string>
---@field body string
---True in a simulation, where nothing was sent.
---@field rehearsed? true

---Requests to hosts that `[http] allow` of cumulua.toml names. An answer of any status is an answer.
---@class cumulua.http
http = {}

---Asks for a URL by GET.
---@param url string|cumulua.Secret
---@param options? cumulua.HttpOptions
---@return cumulua.HttpAnswer
function http.get(url, options) end

---Sends a body to a URL by POST.
---@param url string|cumulua.Secret
---@param options? cumulua.HttpOptions
---@return cumulua.HttpAnswer
function http.post(url, options) end

---Sends a request of any method, which may end at any status.
---@param request cumulua.HttpRequest
---@return cumulua.HttpAnswer
function http.request(request) end

---Values as JSON text and back. Integers are exact; null is `null` in lists and absent in objects.
---@class cumulua.json
json = {}

---A value as JSON text; `indent` puts each field on a line of its own. A secret stays `[secret]`.
---@param value any
---@param options? { indent?: boolean }
---@return string
function json.encode(value, options) end

---The value of a JSON text. Integers past 64 bits are strings.
---@param text string
---@return any
function json.decode(text) end

---What goes wrong in a simulation.
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
---@field profile? string Whose account it is for; the run's own where none is named

---The simulated cloud, as a script may direct it; there with `--sim` only.
---@class cumulua.sim
sim = {}

---Makes something go wrong; the first fault that applies to a call counts.
---@param fault cumulua.Fault
function sim.fault(fault) end

---Lets everything go right again.
function sim.clear() end

---Puts the cloud's clock ahead by so many seconds, or behind.
---@param seconds integer
function sim.skew(seconds) end

---The requests that reached the account of a profile, the run's own where none is named; oldest first, without secrets.
---`ignored`: parameters that nothing was made of, by path (`PubnetInfo[].Qos`): `unknown`, the Action does not have it; `misplaced`, it stands in the query of a POST; `unread`, the simulator carried the call out without looking at it.
---@param profile? string
---@return { time: string, request_id: string, method: string, path: string, action?: string, parameters?: table, ignored: table<string, "unknown" | "misplaced" | "unread">, status?: integer, code: string, carried_out: boolean, fault?: string }[]
function sim.requests(profile) end

---All that the account of a profile has, the run's own where none is named, as `cumulua sim --dump` writes it.
---@param profile? string
---@return table
function sim.state(profile) end

---Tables as comma-separated text.
---@class cumulua.csv
csv = {}

---Rows are records by column, or lists. Text stays exact; nil and null are empty fields.
---`columns`: which, and in which order (all, by name); `header`: false leaves it out; `separator`: `,`; `crlf`: lines end as on Windows.
---@param rows table[]
---@param options? { columns?: string[], header?: boolean, separator?: string, crlf?: boolean }
---@return string
function csv.encode(rows, options) end

---Records by the names of the first line, all fields as text, and these names in their order; lists with `header = false`.
---@param text string
---@param options? { header?: boolean, separator?: string }
---@return table[] rows
---@return string[]? columns
function csv.decode(text, options) end

---Lines on standard error.
---@class cumulua.log
log = {}

---Logs a line that is shown with `-v` only.
---@param ... any
function log.debug(...) end

---Logs what happens.
---@param ... any
function log.info(...) end

---Logs what may need a person.
---@param ... any
function log.warn(...) end

---Logs what needs a person.
---@param ... any
function log.error(...) end

---The time of day and durations; under `--sim` both are virtual.
---@class cumulua.time
time = {}

---Seconds since 1970, in UTC.
---@return number
function time.now() end

---A time as text: now, as RFC 3339 in UTC, unless something else is asked for.
---@param seconds? number
---@param format? string
---@param zone? string An IANA name as "Asia/Shanghai", or a product as "cds"; UTC unless given
---@return string
function time.format(seconds, format, zone) end

---Seconds since 1970 of a time: RFC 3339, or without an offset on the clock of a zone.
---@param text string As "2026-11-21T08:00:00+08:00", or with a zone "2026-11-21 08:00:00" or "2026-11-21"
---@param zone? string An IANA name as "Asia/Shanghai", or the product whose answer has it, as "cds"
---@return number
function time.parse(text, zone) end

---Seconds of a duration.
---@param duration cumulua.Duration
---@return number
function time.duration(duration) end

---Waits so long; what runs beside it goes on.
---@param duration cumulua.Duration
function time.sleep(duration) end

---Prints a value so that a person can read it, without the secrets that the run knows.
---@param value any
---@param format? "json"
function pp(value, format) end

---Shows the page of an Action, a service or a product.
---@param subject? any
function help(subject) end

---The script's arguments.
---@type string[]
args = {}

---The run that the script is.
---@class cumulua.Run
---The run's id in the history; nil for a simulation that is not recorded.
---@field id? string
---The schedule that it is of.
---@field schedule? string
---When its firing was due, in seconds since 1970, as `time.format` takes it; nil without a schedule.
---@field due? number
---From 1, and one more for each retry; nil without a schedule.
---@field attempt? integer
---What `[schedule.params]` declares, as the schedule or `cumulua schedule trigger` gives it; empty without a schedule. Those of the type
---`secret` are `cumulua.Secret`.
---@field params table<string, any>

---@type cumulua.Run
run = {}

---The same as libraries read it: the arguments, and the script at 0.
---@type table<integer, string>
arg = {}

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
