//! The figures as a markdown table.

use std::time::Duration;

use crate::clients::{Client, FLOOR, HYPER, REQWEST};
use crate::load::{Sample, Turn};

/// Prints one table: a row per client, each figure the median of all rounds.
pub(crate) fn print(turn: &Turn, clients: &[&Client], rounds: &[Vec<Sample>]) {
    println!("\n{} in flight, {} requests, median of {} rounds:\n", turn.in_flight, turn.requests, rounds.len());
    println!(
        "| client | callers | CPU us/request | requests/s | p50 us | p99 us | allocations | x floor | x hyper-util | x reqwest |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (index, client) in clients.iter().enumerate() {
        let of_all = |figure: &dyn Fn(&Sample) -> f64| median(rounds.iter().map(|round| figure(&round[index])));
        let ratio = |to: &str| {
            let base = clients.iter().position(|other| other.name == to && other.threads == client.threads);
            let base = base.filter(|&base| base != index);
            base.map_or_else(String::new, |base| {
                format!("{:.2}", median(rounds.iter().map(|round| cpu(&round[index]) / cpu(&round[base]))))
            })
        };
        let allocations = rounds[0][index].allocations.map_or_else(String::new, |_| {
            format!("{:.1}", of_all(&|sample| sample.allocations.unwrap_or(0) as f64 / sample.requests as f64))
        });
        println!(
            "| {} | {} | {:.2} | {:.0} | {:.0} | {:.0} | {} | {} | {} | {} |",
            client.name,
            client.threads,
            of_all(&cpu),
            of_all(&|sample| sample.requests as f64 / sample.wall.as_secs_f64()),
            of_all(&|sample| micros(quantile(&sample.latencies, 50))),
            of_all(&|sample| micros(quantile(&sample.latencies, 99))),
            allocations,
            ratio(FLOOR),
            ratio(HYPER),
            ratio(REQWEST),
        );
    }
}

/// CPU per request, in microseconds.
fn cpu(sample: &Sample) -> f64 {
    micros(sample.cpu) / sample.requests as f64
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) }
}
