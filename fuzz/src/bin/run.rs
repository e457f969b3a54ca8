//! `run TARGET [--executions N] [--seed N] [--start N] [--time-ms N] [--memory-mib N]` executes generated inputs; `run
//! TARGET FILE…` executes files; `run TARGET --write-corpus DIR` writes the seeds for `cargo fuzz`.

use std::process::ExitCode;
use std::time::Duration;

use stepgate_fuzz::Target;
use stepgate_fuzz::runner::{self, Plan, Role};

const USAGE: &str = "usage: run TARGET [--executions N] [--seed N] [--start N] [--time-ms N] [--memory-mib N] | FILE… | \
                     --write-corpus DIR";

fn main() -> ExitCode {
    match arguments(std::env::args().skip(1)) {
        Ok(Todo::Plan(plan)) => runner::run(&plan),
        Ok(Todo::Files(target, files)) => {
            for file in files {
                let input = std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
                target.execute(&input);
                println!("{file}: nothing found");
            }
            ExitCode::SUCCESS
        }
        Ok(Todo::WriteCorpus(target, directory)) => {
            std::fs::create_dir_all(&directory).expect("the directory can be made");
            let seeds = target.seeds();
            for (number, seed) in seeds.iter().enumerate() {
                std::fs::write(format!("{directory}/seed-{number}"), seed).expect("the seed can be written");
            }
            println!("{} seeds in {directory}", seeds.len());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let targets = Target::ALL.map(Target::name);
            eprintln!("{problem}\n{USAGE}\ntargets: {}", targets.join(", "));
            ExitCode::from(2)
        }
    }
}

enum Todo {
    Plan(Plan),
    Files(Target, Vec<String>),
    WriteCorpus(Target, String),
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Todo, String> {
    let name = given.next().ok_or("no target is named")?;
    let target = Target::named(&name).ok_or_else(|| format!("{name} is no target"))?;
    let mut plan = Plan {
        target,
        executions: 1_000_000,
        seed: 1,
        start: 0,
        time_max: Duration::from_secs(2),
        resident_mib_max: 1024,
        role: Role::Supervisor,
    };
    let mut files = Vec::new();
    while let Some(argument) = given.next() {
        let mut number = || -> Result<u64, String> {
            let value = given.next().ok_or_else(|| format!("{argument} takes a number"))?;
            value.replace('_', "").parse().map_err(|_| format!("{argument} takes a number, not {value}"))
        };
        match argument.as_str() {
            "--executions" => plan.executions = number()?,
            "--seed" => plan.seed = number()?,
            "--start" => plan.start = number()?,
            "--time-ms" => plan.time_max = Duration::from_millis(number()?),
            "--memory-mib" => plan.resident_mib_max = number()?,
            "--worker" => plan.role = Role::Worker,
            "--careful-worker" => plan.role = Role::CarefulWorker,
            "--write-corpus" => {
                let directory = given.next().ok_or("--write-corpus takes a directory")?;
                return Ok(Todo::WriteCorpus(target, directory));
            }
            option if option.starts_with("--") => return Err(format!("{option} is no option")),
            _ => files.push(argument),
        }
    }
    Ok(if files.is_empty() { Todo::Plan(plan) } else { Todo::Files(target, files) })
}
