//! Time slices: Lua code that computes for long lets what goes on beside it in the same VM go on.

use cumulua_core::clock::{Clock, real_now};
use mlua::thread::AsyncThread;
use mlua::{FromLuaMulti, IntoLuaMulti, Lua, Thread};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// So long code computes before others go on: long enough that what a script does between two calls
/// stays undivided.
const TIME_SLICE: Duration = Duration::from_millis(50);

/// The same in looks of the hook, for virtual time: there it must not matter how fast the machine is.
const TIME_SLICE_IN_LOOKS: u32 = 500;

/// So long others go on at least: an effect is carried out in several steps.
const PAUSE: Duration = Duration::from_millis(1);

/// A slice that is over ends at a pass of a loop. Where there is none, as among functions that call
/// each other, it ends at any line after so many.
const LINES_WITHOUT_PASS: u32 = 1_000;

/// So many lines are looked at for the end of a slice; then another slice begins. None can end in what
/// a C function calls, as `table.sort` does.
const MOST_LINES: u32 = 2_000;

/// A function and a line of it.
type Line = (*const c_void, Option<usize>);

/// The slice that goes on: of all coroutines of a VM, one runs.
pub(super) struct TimeSlice {
    clock: Clock,
    looks: Cell<u32>,
    /// Since the first look, because most slices end before it.
    since: Cell<Option<Instant>>,
    ending: RefCell<Option<Ending>>,
    /// The coroutine that was told to yield, because its slice is over.
    told: Cell<Option<*const c_void>>,
}

/// A slice that is over, and goes on until a good place.
#[derive(Default)]
struct Ending {
    last: Option<Line>,
    lines: u32,
}

impl TimeSlice {
    pub(super) fn of(clock: &Clock) -> Rc<Self> {
        Rc::new(Self {
            clock: clock.clone(),
            looks: Cell::default(),
            since: Cell::default(),
            ending: RefCell::default(),
            told: Cell::default(),
        })
    }

    /// Begins a slice.
    pub(super) fn begin(&self) {
        self.looks.set(0);
        self.since.set(None);
        self.ending.take();
        self.told.set(None);
    }

    /// Whether the slice has lasted as long as it may, at a look of the hook.
    pub(super) fn has_lasted(&self) -> bool {
        if self.clock.is_virtual() {
            self.looks.set(self.looks.get() + 1);
            return self.looks.get() >= TIME_SLICE_IN_LOOKS;
        }
        let now = real_now();
        let since = self.since.get().unwrap_or(now);
        self.since.set(Some(since));
        now.duration_since(since) >= TIME_SLICE
    }

    /// From now on the hook tells each line.
    pub(super) fn look_for_its_end(&self) {
        self.ending.replace(Some(Ending::default()));
    }

    /// Whether the slice is over and goes on until a good place.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.borrow().is_some()
    }

    /// Whether this line is a good place: the next pass of a loop, or of a function that calls
    /// itself.
    pub(super) fn may_end_at(&self, function: *const c_void, line: Option<usize>) -> bool {
        let mut ending = self.ending.borrow_mut();
        let Some(Ending { last, lines }) = ending.as_mut() else {
            return false;
        };
        *lines += 1;
        let goes_back = last.is_some_and(|last| last.0 == function && line <= last.1);
        *last = Some((function, line));
        let is_given_up = *lines > MOST_LINES;
        let is_good = goes_back || *lines > LINES_WITHOUT_PASS;
        drop(ending);
        if is_given_up {
            self.begin();
        }
        is_good && !is_given_up
    }

    /// Notes that the coroutine that runs is told to yield; false where another one was, whose yield
    /// may be on its way through this one.
    pub(super) fn tell(&self, lua: &Lua) -> bool {
        let running = lua.current_thread().to_pointer();
        let told = self.told.get().unwrap_or(running);
        self.told.set(Some(told));
        told == running
    }

    /// Notes that the coroutine that runs has not yielded, if it was told to.
    pub(super) fn goes_on(&self, lua: &Lua) {
        if self.told.get() == Some(lua.current_thread().to_pointer()) {
            self.told.set(None);
        }
    }

    /// What the coroutine waits for whose slice has just ended.
    fn pause(&self) -> Pause {
        let pause = if self.clock.is_virtual() {
            TIME_SLICE
        } else {
            PAUSE
        };
        Box::pin(self.clock.sleep(pause))
    }
}

type Pause = Pin<Box<dyn Future<Output = ()>>>;

/// A coroutine that runs to its end, a slice at a time.
pub(super) struct Preemptible<R> {
    running: AsyncThread<R>,
    time_slice: Rc<TimeSlice>,
    pause: Option<Pause>,
}

impl Preemptible<()> {
    /// Starts a coroutine.
    pub(super) fn start<R: FromLuaMulti>(
        lua: &Lua,
        thread: Thread,
        arguments: impl IntoLuaMulti,
    ) -> mlua::Result<Preemptible<R>> {
        let time_slice = lua.app_data_ref::<Rc<TimeSlice>>();
        let time_slice = time_slice.ok_or_else(|| mlua::Error::runtime("the VM has no hook"))?;
        Ok(Preemptible {
            running: thread.into_async(arguments)?,
            time_slice: Rc::clone(&time_slice),
            pause: None,
        })
    }
}

impl<R: FromLuaMulti> Future for Preemptible<R> {
    type Output = mlua::Result<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        this.time_slice.begin();
        let polled = Pin::new(&mut this.running).poll(context);
        if this.time_slice.told.take().is_some() && polled.is_pending() {
            // mlua has woken the task, which then waits for the pause.
            this.pause = Some(this.time_slice.pause());
        }
        polled
    }
}
