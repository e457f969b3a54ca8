//! What an execution did, out of its events: each visit of a state, with its attempts and how it ended.

use super::event::{Event, Failed};

/// What became of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    Running,
    Succeeded,
    Failed,
    /// It failed, and the error was caught.
    Caught,
    Aborted,
    TimedOut,
}

impl Status {
    /// A word for pages and their styles.
    pub(in super::super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Caught => "caught",
            Self::Aborted => "aborted",
            Self::TimedOut => "timed-out",
        }
    }

    /// The same for people.
    pub(in super::super) fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Caught => "Caught error",
            Self::Aborted => "Aborted",
            Self::TimedOut => "Timed out",
        }
    }
}

/// One visit of a state.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Visit {
    pub(in super::super) state: Box<str>,
    pub(in super::super) kind: Box<str>,
    /// The visit that it lies within.
    pub(in super::super) parent: Option<usize>,
    /// Which iteration of its Map.
    pub(in super::super) iteration: Option<u64>,
    pub(in super::super) entered: (u64, i64),
    pub(in super::super) exited: Option<(u64, i64)>,
    pub(in super::super) attempts: Vec<Attempt>,
    /// The last error that nothing has made good.
    pub(in super::super) failure: Option<Failed>,
    pub(in super::super) status: Status,
    pub(in super::super) map_run: Option<Box<str>>,
    /// How many items a Map has, and how many of them are done.
    pub(in super::super) items: Option<(u64, u64)>,
    /// When something last happened in it.
    last: i64,
}

/// One attempt of a task.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Attempt {
    pub(in super::super) at: i64,
    pub(in super::super) ended: Option<i64>,
    pub(in super::super) failure: Option<Failed>,
}

/// Where an event stands: in which visit, in which of its iterations.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    visit: Option<usize>,
    iteration: Option<u64>,
}

/// All visits of an execution.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Run {
    pub(in super::super) visits: Vec<Visit>,
    /// Transitions that were taken: visits, from and to.
    pub(in super::super) taken: Vec<(usize, usize)>,
    /// By the number of the event: the visit that it belongs to.
    pub(in super::super) visit_of: Vec<Option<usize>>,
    places: Vec<Place>,
    /// How the execution ended, if it has.
    ending: Option<(Status, i64)>,
}

impl Run {
    /// Folds a history.
    pub(in super::super) fn of(events: &[Event]) -> Self {
        let mut run = Self::default();
        for event in events {
            run.take(event);
        }
        run.close();
        run
    }

    fn take(&mut self, event: &Event) {
        let kind = &*event.kind;
        let mut place = self.place(event.previous);
        if let Some(of) = kind.strip_suffix("StateEntered") {
            place = self.enter(event, of, place);
        } else if kind.ends_with("StateExited") {
            let visit = self.exit(event, place);
            self.note(event.id, visit, place_after(&self.visits, visit));
            return;
        } else if kind.starts_with("Execution") {
            self.ending = match kind {
                "ExecutionSucceeded" => Some((Status::Succeeded, event.at)),
                "ExecutionFailed" => Some((Status::Failed, event.at)),
                "ExecutionAborted" => Some((Status::Aborted, event.at)),
                "ExecutionTimedOut" => Some((Status::TimedOut, event.at)),
                _ => None,
            };
            let visit = place.visit;
            self.note(event.id, visit, place);
            return;
        } else {
            place = self.within(event, place);
        }
        self.note(event.id, place.visit, place);
    }

    /// What follows a redrive names it as what was before; the visit is then the last one that goes on.
    fn place(&self, previous: u64) -> Place {
        let found =
            usize::try_from(previous).ok().and_then(|at| self.places.get(at)).copied().unwrap_or_default();
        if found.visit.is_some() || self.visits.is_empty() {
            return found;
        }
        Place {
            visit: self.visits.iter().rposition(|visit| visit.exited.is_none()),
            iteration: found.iteration,
        }
    }

    fn note(&mut self, id: u64, visit: Option<usize>, place: Place) {
        // Numbers of events follow each other.
        let Ok(at) = usize::try_from(id) else { return };
        if self.places.len() <= at && at <= self.places.len() + 1_000_000 {
            self.places.resize(at + 1, Place::default());
            self.visit_of.resize(at + 1, None);
        }
        if let (Some(to), Some(of)) = (self.places.get_mut(at), self.visit_of.get_mut(at)) {
            (*to, *of) = (place, visit);
        }
    }

    fn enter(&mut self, event: &Event, kind: &str, place: Place) -> Place {
        let before =
            usize::try_from(event.previous).ok().and_then(|at| self.visit_of.get(at).copied().flatten());
        let now = self.visits.len();
        if let Some(before) = before.filter(|it| self.visits.get(*it).is_some_and(|it| it.exited.is_some())) {
            self.taken.push((before, now));
        }
        self.visits.push(Visit {
            state: event.state.clone().unwrap_or_default(),
            kind: kind.into(),
            parent: place.visit,
            iteration: place.iteration,
            entered: (event.id, event.at),
            exited: None,
            attempts: Vec::new(),
            failure: None,
            status: Status::Running,
            map_run: None,
            items: None,
            last: event.at,
        });
        Place { visit: Some(now), iteration: None }
    }

    fn exit(&mut self, event: &Event, place: Place) -> Option<usize> {
        let name = event.state.as_deref().unwrap_or_default();
        let of_name = |visits: &[Visit], at: &usize| visits.get(*at).is_some_and(|it| &*it.state == name);
        let by_place = place.visit.filter(|at| of_name(&self.visits, at));
        let found = by_place.or_else(|| {
            (0..self.visits.len())
                .rev()
                .find(|at| of_name(&self.visits, at) && self.visits[*at].exited.is_none())
        })?;
        let visit = &mut self.visits[found];
        visit.exited = Some((event.id, event.at));
        visit.last = event.at;
        visit.status = if visit.failure.is_some() { Status::Caught } else { Status::Succeeded };
        Some(found)
    }

    fn within(&mut self, event: &Event, place: Place) -> Place {
        let kind = &*event.kind;
        let place = match kind {
            _ if kind.starts_with("MapIteration") => Place {
                visit: self.around(place.visit, "Map"),
                iteration: event.number.filter(|_| kind == "MapIterationStarted"),
            },
            _ if kind.starts_with("MapState") || kind.starts_with("MapRun") => {
                Place { visit: self.around(place.visit, "Map"), iteration: None }
            }
            _ if kind.starts_with("ParallelState") && !kind.ends_with("Aborted") => {
                Place { visit: self.around(place.visit, "Parallel"), iteration: None }
            }
            _ => place,
        };
        let Some(at) = place.visit else { return place };
        if matches!(
            kind,
            "MapIterationFailed" | "MapIterationAborted" | "MapStateFailed" | "ParallelStateFailed"
        ) {
            self.close_within(at, event.at);
        }
        let Some(visit) = self.visits.get_mut(at) else { return place };
        visit.last = event.at;
        match kind {
            "MapStateStarted" => visit.items = Some((event.number.unwrap_or(0), 0)),
            "MapIterationSucceeded" => visit.items = visit.items.map(|(all, done)| (all, done + 1)),
            _ if kind.starts_with("MapRun") => {
                visit.map_run = event.resource.clone().or_else(|| visit.map_run.take());
            }
            _ => {}
        }
        if kind.ends_with("StateAborted") {
            visit.status = Status::Aborted;
        } else if kind.ends_with("Scheduled") || kind == "ParallelStateStarted" || kind == "MapStateStarted" {
            visit.status = Status::Running;
            visit.attempts.push(Attempt { at: event.at, ended: None, failure: None });
        } else if kind.starts_with("MapIteration") {
            // An iteration that fails fails its Map only if the Map says so.
        } else if kind.ends_with("Succeeded") {
            visit.failure = None;
            visit.end_attempt(event.at, None);
        } else if kind.ends_with("Failed") || kind.ends_with("TimedOut") {
            let failure = event.failure.clone().unwrap_or_default();
            visit.failure = Some(failure.clone());
            visit.end_attempt(event.at, Some(failure));
        }
        place
    }

    /// The closest visit of this type, from the inside out.
    fn around(&self, from: Option<usize>, kind: &str) -> Option<usize> {
        let mut at = from;
        while let Some(visit) = at.and_then(|at| self.visits.get(at)) {
            if &*visit.kind == kind {
                return at;
            }
            at = visit.parent;
        }
        None
    }

    /// Ends what is open within a visit that failed.
    fn close_within(&mut self, outer: usize, at: i64) {
        for inner in outer + 1..self.visits.len() {
            let is_within = {
                let mut parent = self.visits[inner].parent;
                while parent.is_some_and(|it| outer < it) {
                    parent = parent.and_then(|it| self.visits.get(it)?.parent);
                }
                parent == Some(outer)
            };
            let visit = &mut self.visits[inner];
            if is_within && visit.exited.is_none() && visit.status == Status::Running {
                visit.last = at;
                visit.status = visit.given_up(Status::Aborted);
            }
        }
    }

    /// What is open when the execution has ended, ended with it.
    fn close(&mut self) {
        let Some((ending, at)) = self.ending else { return };
        for visit in self.visits.iter_mut().filter(|visit| visit.exited.is_none()) {
            if visit.status == Status::Running {
                let ending = if ending == Status::Failed { Status::Aborted } else { ending };
                visit.status = match ending {
                    // Only Succeed and Fail states end an execution without being left.
                    Status::Succeeded => Status::Succeeded,
                    ending => visit.given_up(ending),
                };
                visit.last = at;
            }
        }
        // Whatever a failed visit lies within failed with it, unless it was left.
        for inner in 0..self.visits.len() {
            if self.visits[inner].status != Status::Failed {
                continue;
            }
            let mut parent = self.visits[inner].parent;
            while let Some(outer) = parent {
                let visit = &mut self.visits[outer];
                if visit.exited.is_none() && visit.status == Status::Aborted && ending == Status::Failed {
                    visit.status = Status::Failed;
                }
                parent = visit.parent;
            }
        }
    }
}

/// What follows the end of a state stands where the state stood.
fn place_after(visits: &[Visit], left: Option<usize>) -> Place {
    let left = left.and_then(|at| visits.get(at));
    Place { visit: left.and_then(|it| it.parent), iteration: left.and_then(|it| it.iteration) }
}

impl Visit {
    /// When it ended, or when something last happened in it.
    pub(in super::super) fn until(&self) -> Option<i64> {
        (self.status != Status::Running).then(|| self.exited.map_or(self.last, |(_, at)| at))
    }

    /// How often it was tried again.
    pub(in super::super) fn retries(&self) -> usize {
        self.attempts.len().saturating_sub(1)
    }

    fn end_attempt(&mut self, at: i64, failure: Option<Failed>) {
        match self.attempts.last_mut().filter(|attempt| attempt.ended.is_none()) {
            Some(attempt) => (attempt.ended, attempt.failure) = (Some(at), failure),
            // It failed before anything was called.
            None if failure.is_some() => self.attempts.push(Attempt { at, ended: Some(at), failure }),
            None => {}
        }
    }

    fn given_up(&self, otherwise: Status) -> Status {
        if self.failure.is_some() || &*self.kind == "Fail" { Status::Failed } else { otherwise }
    }
}

#[cfg(test)]
mod tests;
