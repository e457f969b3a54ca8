//! What 100 nodes and 1,000,000 starts a second would take, in numbers: databases that have the accounts between them, each with
//! nodes of its own. `docs/fleet.md` has the table, which `cargo test --test fleet plan -- --nocapture` prints.

/// What is asked for.
const NODES: u64 = 100;
const STARTS: f64 = 1_000_000.0;
/// What a node takes of a processor for a start, as measured (docs/performance.md).
const NODE_MICROS: f64 = 95.0;
/// How often a node looks, a second; rows that it reads then, for each node and topic, and for each shard.
const LOOKS: u64 = 4;
const TOPICS: u64 = 16;
const SHARDS: u64 = 64;
/// Accounts, of which the n-th has a load of 1/n^0.9: a few have most of it.
const ACCOUNTS: usize = 20_000;
const SKEW: f64 = 0.9;

/// A plan with so many databases.
#[derive(Debug)]
struct Plan {
    databases: u64,
    nodes_each: u64,
    /// The starts a second of the busiest database, where accounts are where a hash says, and where the 100 largest are where
    /// there is most room.
    by_hash: f64,
    placed: f64,
    /// Rows that a database reads out for nodes that look, a second.
    rows_looked_at: u64,
    /// How many processors its nodes need for the busiest one, placed, each.
    processors_each: f64,
}

fn loads() -> Vec<f64> {
    let weights: Vec<f64> = (1..=ACCOUNTS).map(|n| (n as f64).powf(-SKEW)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum * STARTS).collect()
}

/// The same for the same account (SplitMix64).
fn hash(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn plan(databases: u64) -> Plan {
    let loads = loads();
    let most = |placed: usize| {
        let mut busy = vec![0.0; databases as usize];
        // Those that stay where the hash says are there first.
        for (n, load) in loads.iter().enumerate().skip(placed) {
            busy[(hash(n as u64) % databases) as usize] += load;
        }
        for load in &loads[..placed] {
            let least = (0..busy.len()).min_by(|a, b| busy[*a].total_cmp(&busy[*b])).unwrap();
            busy[least] += load;
        }
        busy.into_iter().fold(0.0, f64::max)
    };
    let nodes_each = NODES.div_ceil(databases);
    let (by_hash, placed) = (most(0), most(100));
    Plan {
        databases,
        nodes_each,
        by_hash,
        placed,
        rows_looked_at: nodes_each * LOOKS * (nodes_each * (1 + TOPICS) + SHARDS),
        processors_each: placed * NODE_MICROS / 1e6 / nodes_each as f64,
    }
}

#[test]
fn the_plan_for_a_million_starts_a_second() {
    let plans: Vec<Plan> = [1, 2, 10, 20, 25, 50, 100].map(plan).into();
    println!(
        "| databases | nodes each | busiest, by hash | busiest, placed | rows looked at | processors a node |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    for Plan { databases, nodes_each, by_hash, placed, rows_looked_at, processors_each } in &plans {
        println!(
            "| {databases} | {nodes_each} | {by_hash:.0} | {placed:.0} | {rows_looked_at} | {processors_each:.2} |"
        );
    }
    let largest = loads()[0];
    println!("the largest account: {largest:.0} starts a second");
    for plan in &plans {
        assert!(
            STARTS / plan.databases as f64 - 1.0 <= plan.placed && plan.placed <= plan.by_hash + 1.0,
            "{plan:?}"
        );
        // An account is at one database, so no plan is better than its largest account.
        assert!(largest - 1.0 <= plan.placed, "{plan:?}");
    }
    // Twice as many databases gain little when the largest account takes most of one.
    let [.., before, last] = &plans[..] else { panic!("no plans") };
    assert!(before.placed * 0.9 < last.placed && last.placed < largest * 1.1);
    // As many nodes as shards can share a database.
    assert!(SHARDS < plans[0].nodes_each && plans[1].nodes_each <= SHARDS);
    // What nodes look at grows with their square: a tenth of them each, and it is a hundredth.
    assert!(plans[2].rows_looked_at * 50 < plans[0].rows_looked_at);
}
