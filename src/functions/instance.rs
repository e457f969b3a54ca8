//! An instance: one runtime's process with what belongs to it, for one invocation at a time.

mod conversation;
mod failure;
mod line;
mod log_pipe;
mod places;
mod report;
mod runtime_api;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as BlockingStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, UnixStream};
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::conversation::{Conversation, converse, converse_on_line};
pub(crate) use self::failure::Failure;
use self::log_pipe::LogPipe;
pub(crate) use self::places::Places;
use self::report::{Format, Report, Status};
use self::runtime_api::{Job, Reported, RuntimeApi};
use super::cgroups::Cgroup;
use super::deployed::Running;
use super::error::Error;
use super::invocation::{Answer, Invocation, Payload, Piece, Stream};
use super::logs::Log;
use super::options::Sdks;
use super::runtime::Program;
use super::supervisor::{self, End, Order};
use crate::clock::{Clock, Timestamp};

/// How long an instance may take until it first asks for an event, beside the time of the invocation it is started for.
const INIT_MAX: Duration = Duration::from_secs(10);
/// Processes and threads' leaders of one instance at one time, as on AWS.
const PROCESSES_MAX: usize = 1024;
/// Files that a process may have open, as on AWS.
const FILES_MAX: u64 = 1024;
/// How often it is looked at how much memory an instance has had.
const USED_INTERVAL: Duration = Duration::from_millis(10);
/// Pieces of a streamed answer between the instance and its reader.
const PIECES_MAX: usize = 4;

/// What an instance is started with.
pub(crate) struct Plan {
    pub(crate) running: Running,
    pub(crate) program: Program,
    /// The unpacked package.
    pub(crate) code: PathBuf,
    /// The unpacked layers, if there are any.
    pub(crate) layers: Option<PathBuf>,
    /// Of this instance alone.
    pub(crate) folder: PathBuf,
    /// Where it finds its folders.
    pub(crate) places: Places,
    /// What bounds its memory, where there is such a thing.
    pub(crate) cgroup: Option<Cgroup>,
    pub(crate) stream: Arc<str>,
    pub(crate) log: Arc<Log>,
    /// What starts a supervisor, before the control folder.
    pub(crate) supervisor: Vec<OsString>,
    /// Keys of the function's role, and whatever the server adds.
    pub(crate) added: BTreeMap<String, String>,
    /// What functions find after their own modules.
    pub(crate) sdks: Sdks,
    pub(crate) is_provisioned: bool,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A started instance. It ends when this is dropped.
pub(crate) struct Instance {
    pub(crate) running: Running,
    pub(crate) started: Duration,
    /// When it was last given back.
    pub(crate) idle_since: Mutex<Duration>,
    jobs: mpsc::Sender<Job>,
    ended: watch::Receiver<Option<End>>,
    /// While this is open, it lives.
    lifeline: Mutex<Option<BlockingStream>>,
    log: Arc<LogPipe>,
    control: PathBuf,
    pid: OnceLock<i32>,
    /// When it was last looked at how much memory it has had, and how much that was, in MB.
    used: Mutex<(Duration, u64)>,
    cgroup: Option<Arc<Cgroup>>,
    format: Format,
    clock: Arc<dyn Clock>,
}

/// How an invocation of an instance went.
pub(crate) enum Outcome {
    /// It was answered; the instance can be used again once the receiver says so.
    Answered(Answer, Option<oneshot::Receiver<bool>>),
    /// It failed with the instance, which is of no use any more.
    Lost(Answer),
    /// The instance had ended before it took the event.
    NotTaken,
}

impl Instance {
    /// Starts an instance and waits until it asks for an event, for `patience` at most.
    ///
    /// # Errors
    /// What the caller is answered, if the runtime can't begin; [`Error::Io`] if not even its supervisor can be started.
    pub(crate) async fn start(
        mut plan: Plan,
        request_id: &str,
        patience: Duration,
    ) -> Result<Result<(Self, Duration), Failure>, Error> {
        let cgroup = plan.cgroup.take().map(Arc::new);
        let Plan { running, program, folder, stream, log, clock, .. } = &plan;
        let (running, clock) = (running.clone(), clock.clone());
        let began = clock.monotonic();
        let control = folder.join("control");
        fs::create_dir_all(&control)?;
        fs::create_dir_all(folder.join("tmp"))?;
        let order = Order {
            program: program.path.clone(),
            arguments: program.arguments.clone(),
            has_line: program.has_line,
            binds: plan.places.binds.clone(),
            cgroup: cgroup.as_ref().map(|cgroup| cgroup.folder().to_owned()),
            memory_bytes: u64::from(running.memory_mb) << 20,
            data_bytes: (u64::from(running.memory_mb) << 20) + program.spare_bytes,
            processes: PROCESSES_MAX,
            files: FILES_MAX,
            file_bytes: u64::from(running.ephemeral_mb) << 20,
        };
        fs::write(control.join(supervisor::ORDER), serde_json::to_vec(&order)?)?;

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (reader, writer) = std::io::pipe()?;
        let log = Arc::new(LogPipe::new(reader, log.clone(), stream.clone(), clock.clone())?);
        let format = Format { is_json: running.logging.is_json };
        log.begin(&format.init(clock.now(), &program.version));
        let mut command = Command::new(plan.supervisor.first().ok_or(Error::Closed)?);
        command.args(&plan.supervisor[1..]).arg(&control);
        command.env_clear().envs(environment(&plan, &address)).current_dir(&plan.code);
        let (lifeline, held) = BlockingStream::pair()?;
        let line = program.has_line.then(BlockingStream::pair).transpose()?;
        let (own_end, theirs) = line.unzip();
        command.stdin(theirs.map_or_else(Stdio::null, |end| Stdio::from(OwnedFd::from(end))));
        command.stdout(OwnedFd::from(held)).stderr(writer);
        command.as_std_mut().process_group(0);
        let mut child = command.spawn()?;
        // The other ends, which this process has as well, would keep them open.
        drop(command);
        let lifeline = Mutex::new(Some(lifeline));

        let (jobs, received) = mpsc::channel(1);
        let api = Arc::new(RuntimeApi::new(&running.name, &running.version, received));
        let mut ready = api.ready();
        let serving = tokio::spawn(api.clone().serve(listener));
        let on_line = match own_end {
            Some(end) => {
                end.set_nonblocking(true)?;
                Some(tokio::spawn(line::serve(api.clone(), UnixStream::from_std(end)?)))
            }
            None => None,
        };
        let reading = log.clone();
        let reading = tokio::spawn(async move { reading.read().await });
        let (tell, ended) = watch::channel(None);
        let (own_control, own_folder, own_cgroup) = (control.clone(), folder.clone(), cgroup.clone());
        tokio::spawn(async move {
            // The supervisor ends after all that it watched.
            let _ = child.wait().await;
            // All has been written: what holds the pipe open beyond that isn't the function.
            let _ = tokio::time::timeout(Duration::from_millis(100), reading).await;
            let end = fs::read(own_control.join(supervisor::END)).ok();
            let end = end.and_then(|text| serde_json::from_slice(&text).ok());
            tell.send_replace(Some(end.unwrap_or(End::Signaled(9))));
            serving.abort();
            on_line.inspect(tokio::task::JoinHandle::abort);
            drop(own_cgroup);
            // What can't be removed now is when the server is next started.
            let _ = tokio::task::spawn_blocking(move || fs::remove_dir_all(own_folder)).await;
        });
        let instance = Self {
            running,
            started: began,
            idle_since: Mutex::new(began),
            jobs,
            ended,
            lifeline,
            log,
            control,
            pid: OnceLock::new(),
            used: Mutex::default(),
            cgroup,
            format,
            clock: clock.clone(),
        };
        let is_ready = tokio::select! {
            biased;
            changed = ready.wait_for(|ready| *ready) => changed.is_ok(),
            _ = instance.end() => false,
            () = tokio::time::sleep(INIT_MAX + patience) => {
                return Ok(Err(instance.timed_out(request_id, INIT_MAX + patience, None)));
            }
        };
        let took = clock.monotonic().saturating_sub(began);
        if let Some((payload, error_type)) = api.init_error() {
            return Ok(Err(instance.failed(request_id, Failure::reported(payload, error_type), took, None)));
        }
        if !is_ready {
            let end = instance.end().await;
            let failure = Failure::ended(request_id, end);
            instance.log.say(&failure.line());
            return Ok(Err(instance.failed(request_id, failure, took, None)));
        }
        Ok(Ok((instance, took)))
    }

    /// Whether it can take an event.
    pub(crate) fn lives(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Ends it.
    pub(crate) fn let_go(&self) {
        self.lifeline.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits until nothing of it is left.
    pub(crate) async fn ended(&self) {
        self.end().await;
    }

    async fn end(&self) -> End {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        end.unwrap_or(End::Signaled(9))
    }

    /// Has it handle an event. `init` is what it took to start it, if it was started for this.
    pub(crate) async fn invoke(self: &Arc<Self>, invocation: &Invocation, init: Option<Duration>) -> Outcome {
        let request_id = invocation.request_id.clone();
        let timeout = Duration::from_secs(self.running.timeout_s.into());
        let began = self.clock.monotonic();
        let (reply, reported) = oneshot::channel();
        let (taken, mut was_taken) = oneshot::channel();
        let deadline_ms = (self.clock.now() + timeout).as_millis();
        self.log.begin(&self.format.start(self.clock.now(), &request_id, &self.running.version));
        if self.jobs.send(Job { invocation: invocation.clone(), deadline_ms, reply, taken }).await.is_err() {
            return Outcome::NotTaken;
        }
        let mut reported = reported;
        let reported = tokio::select! {
            biased;
            // The sender is dropped when the instance has ended.
            reported = &mut reported => reported.ok(),
            () = tokio::time::sleep(timeout) => {
                let failure = self.timed_out(&request_id, timeout, init);
                return Outcome::Lost(self.answer(failure));
            }
        };
        let took = self.clock.monotonic().saturating_sub(began);
        match reported {
            Some(Reported::Answer(bytes)) => {
                let log_tail = self.finish(&request_id, took, init, Status::Success);
                Outcome::Answered(
                    Answer {
                        executed_version: self.running.version.clone(),
                        function_error: None,
                        payload: Payload::Whole(bytes),
                        log_tail,
                    },
                    None,
                )
            }
            Some(Reported::Failed(payload, error_type)) => {
                let status = if error_type.starts_with("Runtime.") {
                    Status::Error(error_type.clone())
                } else {
                    Status::Success
                };
                let log_tail = self.finish(&request_id, took, init, status);
                let failure = Failure::reported(payload, error_type);
                Outcome::Answered(Answer { log_tail, ..self.answer(failure) }, None)
            }
            Some(Reported::Stream(stream, over)) => self.stream(stream, over, request_id, began, init),
            None if was_taken.try_recv().is_err() => {
                self.let_go();
                Outcome::NotTaken
            }
            None => {
                let failure = Failure::ended(&request_id, self.end().await);
                self.log.say(&failure.line());
                let failure = self.failed(&request_id, failure, took, init);
                Outcome::Lost(self.answer(failure))
            }
        }
    }

    /// Hands a streamed answer on, while the invocation goes on.
    fn stream(
        self: &Arc<Self>,
        stream: Stream,
        over: oneshot::Receiver<()>,
        request_id: String,
        began: Duration,
        init: Option<Duration>,
    ) -> Outcome {
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let (tell, is_usable) = oneshot::channel();
        let Stream { content_type, pieces: mut incoming } = stream;
        let instance = self.clone();
        tokio::spawn(async move {
            let timeout = Duration::from_secs(instance.running.timeout_s.into());
            let left = timeout.saturating_sub(instance.clock.monotonic().saturating_sub(began));
            let handed_on = async {
                let mut failed = None;
                while let Some(piece) = incoming.recv().await {
                    if let Piece::Failed { error_type, .. } = &piece {
                        failed = Some(error_type.clone());
                    }
                    // A reader that has left changes nothing for the function.
                    let _ = sender.send(piece).await;
                }
                (failed, over.await.is_ok())
            };
            let ended = tokio::time::timeout(left, handed_on).await;
            let took = instance.clock.monotonic().saturating_sub(began);
            let failure = match ended {
                Ok((failed, true)) => {
                    instance.finish(&request_id, took, init, failed.map_or(Status::Success, Status::Error));
                    let _ = tell.send(true);
                    return;
                }
                Ok((_, false)) => {
                    let failure = Failure::ended(&request_id, instance.end().await);
                    instance.log.say(&failure.line());
                    instance.failed(&request_id, failure, took, init)
                }
                Err(_) => instance.timed_out(&request_id, timeout, init),
            };
            let details = String::from_utf8_lossy(&failure.payload).into_owned();
            let _ = sender.send(Piece::Failed { error_type: failure.error_type, details }).await;
            let _ = tell.send(false);
        });
        let payload = Payload::Stream(Stream { content_type, pieces });
        let executed_version = self.running.version.clone();
        let answer = Answer { executed_version, function_error: None, payload, log_tail: String::new() };
        Outcome::Answered(answer, Some(is_usable))
    }

    fn timed_out(&self, request_id: &str, after: Duration, init: Option<Duration>) -> Failure {
        self.let_go();
        let text = format!("Task timed out after {:.2} seconds", after.as_secs_f64());
        self.log.say(&format!("{} {request_id} {text}", self.clock.now().to_iso8601()));
        self.log.say("");
        let log_tail = self.finish(request_id, after, init, Status::Timeout);
        Failure::of(request_id, "Sandbox.Timedout", &text).with_tail(log_tail)
    }

    fn failed(&self, request_id: &str, failure: Failure, took: Duration, init: Option<Duration>) -> Failure {
        let status = Status::Error(failure.logged_type().to_owned());
        let log_tail = self.finish(request_id, took, init, status);
        failure.with_tail(log_tail)
    }

    fn answer(&self, failure: Failure) -> Answer {
        failure.answer(&self.running.version)
    }

    fn finish(&self, request_id: &str, duration: Duration, init: Option<Duration>, status: Status) -> String {
        let report = Report {
            request_id,
            duration,
            init,
            memory_mb: self.running.memory_mb,
            used_mb: self.used_mb(),
            status,
        };
        let lines = self.format.end(self.clock.now(), &report);
        self.log.end(&lines)
    }

    /// The most memory that the instance has had until a moment ago, in MB; 0 if that can't be told. To look takes as long
    /// as a small part of a call.
    fn used_mb(&self) -> u64 {
        let now = self.clock.monotonic();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.1 == 0 || USED_INTERVAL <= now.saturating_sub(used.0) {
            *used = (now, self.look_at_memory());
        }
        used.1
    }

    /// The most memory that it has had. Without a control group, it is what the runtime's process has had resident.
    fn look_at_memory(&self) -> u64 {
        if let Some(bytes) = self.cgroup.as_ref().and_then(|cgroup| cgroup.peak_bytes()) {
            return bytes.div_ceil(1 << 20);
        }
        let pid = match self.pid.get() {
            Some(pid) => *pid,
            None => {
                let text = fs::read_to_string(self.control.join(supervisor::PID)).ok();
                let Some(pid) = text.and_then(|text| text.parse().ok()) else { return 0 };
                *self.pid.get_or_init(|| pid)
            }
        };
        resident_peak_kb(pid).map_or(0, |kb| kb.div_ceil(1024))
    }
}

/// `VmHWM` of proc(5).
fn resident_peak_kb(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The variables that AWS defines, over the function's own.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
fn environment(plan: &Plan, address: &str) -> BTreeMap<String, String> {
    let Plan { running, code, layers, places, stream, added, sdks, is_provisioned, .. } = plan;
    let mut variables = running.environment.clone();
    let code_text = code.to_string_lossy().into_owned();
    let tmp = places.tmp.to_string_lossy().into_owned();
    let opt = layers.as_ref().map(|_| places.opt.to_string_lossy());
    let below = |path: &str| opt.as_ref().map(|opt| format!("{opt}/{path}"));
    let listed = |parts: Vec<Option<String>>| parts.into_iter().flatten().collect::<Vec<_>>().join(":");
    let sdk = |folder: &Option<PathBuf>| folder.as_ref().map(|folder| folder.to_string_lossy().into_owned());
    let region = running.home.region.to_string();
    let python = running
        .runtime
        .strip_prefix("python")
        .map(|version| format!("python/lib/python{version}/site-packages"));
    let initialization = if *is_provisioned { "provisioned-concurrency" } else { "on-demand" };
    let system_path = "/usr/local/bin:/usr/bin:/bin".to_owned();
    let path = std::env::var("PATH").unwrap_or(system_path);
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    set("_HANDLER", running.handler.clone());
    set("AWS_DEFAULT_REGION", region.clone());
    set("AWS_REGION", region);
    set("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", running.runtime));
    set("AWS_LAMBDA_FUNCTION_NAME", running.name.clone());
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", running.memory_mb.to_string());
    set("AWS_LAMBDA_FUNCTION_VERSION", running.version.clone());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", initialization.to_owned());
    set("AWS_LAMBDA_LOG_GROUP_NAME", running.logging.group.clone());
    set("AWS_LAMBDA_LOG_STREAM_NAME", stream.to_string());
    set("AWS_LAMBDA_LOG_FORMAT", if running.logging.is_json { "JSON" } else { "Text" }.to_owned());
    if let Some(level) = &running.logging.application_level {
        set("AWS_LAMBDA_LOG_LEVEL", level.clone());
    }
    set("AWS_LAMBDA_RUNTIME_API", address.to_owned());
    set("LAMBDA_TASK_ROOT", code_text.clone());
    set("LAMBDA_RUNTIME_DIR", code_text.clone());
    // There is no file system of its own: whoever asks for the place of temporary files gets this one.
    for name in ["TMPDIR", "TMP", "TEMP"] {
        set(name, tmp.clone());
    }
    set("HOME", tmp);
    added.iter().for_each(|(name, value)| drop(set(name, value.clone())));
    // These a function may set itself.
    let mut default = |name: &str, value: String| {
        if !value.is_empty() {
            variables.entry(name.to_owned()).or_insert(value);
        }
    };
    default("LANG", "en_US.UTF-8".to_owned());
    default("TZ", ":UTC".to_owned());
    default("PATH", listed(vec![below("bin"), Some(path)]));
    default(
        "LD_LIBRARY_PATH",
        listed(vec![Some(code_text.clone()), Some(format!("{code_text}/lib")), below("lib")]),
    );
    if let Some(version) = running.runtime.strip_prefix("ruby") {
        let gems = format!("{code_text}/vendor/bundle/ruby/{version}.0");
        default("GEM_PATH", listed(vec![Some(gems), below(&format!("ruby/gems/{version}.0"))]));
        default("RUBYLIB", listed(vec![Some(code_text.clone()), below("ruby/lib")]));
    }
    default(
        "PYTHONPATH",
        listed(vec![below("python"), python.as_deref().and_then(below), sdk(&sdks.python)]),
    );
    // The package as well, as on AWS: `require('cfn-response')` finds the file beside inline code.
    let node = vec![below("nodejs/node_modules"), below("nodejs"), Some(code_text), sdk(&sdks.nodejs)];
    default("NODE_PATH", listed(node));
    variables
}

/// A log stream's name: the day, the version, and a number nobody else has.
pub(crate) fn stream_name(now: Timestamp, version: &str, id: &str) -> Arc<str> {
    let day = now.to_iso8601();
    let day = day.get(..10).unwrap_or_default().replace('-', "/");
    format!("{day}/[{version}]{}", id.replace('-', "")).into()
}
