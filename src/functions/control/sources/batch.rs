//! What becomes of a batch of a stream's records when the function has answered.

use serde_json::Value;

use super::StreamSettings;

/// Records that are handled together, in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch<R> {
    pub(super) records: Vec<R>,
    /// How often the function has failed to handle them.
    pub(super) failures: u32,
}

/// What a function has made of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Handled,
    /// It failed with all of it.
    Failed,
    /// It says itself that this one and those after it failed.
    FailedFrom(usize),
}

/// What is to be done with a batch of which something failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next<R> {
    /// These are tried again, the first first.
    Again(Vec<Batch<R>>),
    /// These are left out.
    LeaveOut(Batch<R>),
}

/// What a function's answer says of a batch with these sequence numbers.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
pub(super) fn verdict(sequences: &[&str], answer: &Value, reports_failures: bool) -> Verdict {
    let items = match answer.get("batchItemFailures").filter(|_| reports_failures) {
        None | Some(Value::Null) => return Verdict::Handled,
        Some(Value::Array(items)) => items,
        Some(_) => return Verdict::Failed,
    };
    let mut from = None;
    for item in items {
        let id = item.get("itemIdentifier").and_then(Value::as_str);
        let place = id.and_then(|id| sequences.iter().position(|sequence| *sequence == id));
        // Whoever names something else hasn't understood the event.
        let Some(place) = place else { return Verdict::Failed };
        from = Some(from.map_or(place, |from: usize| from.min(place)));
    }
    from.map_or(Verdict::Handled, Verdict::FailedFrom)
}

/// What follows on a batch that failed. What was handled of it is no longer in it.
pub(super) fn next<R>(batch: Batch<R>, is_reported: bool, settings: &StreamSettings) -> Next<R> {
    let Batch { mut records, failures } = batch;
    // Halves begin with the tries that the whole had left.
    if settings.bisects && !is_reported && 1 < records.len() {
        let second = records.split_off(records.len() / 2);
        return Next::Again([records, second].map(|records| Batch { records, failures }).into());
    }
    let batch = Batch { records, failures: failures.saturating_add(1) };
    match settings.retries_max {
        Some(retries_max) if retries_max < batch.failures => Next::LeaveOut(batch),
        _ => Next::Again(vec![batch]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::StartingPosition;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_that_failed_is_where_it_goes_on() {
        let check = |answer: Value, reports: bool, want: Verdict| {
            assert_eq!(verdict(&["10", "11", "12"], &answer, reports), want, "{answer}");
        };
        let failures = |ids: &[&str]| {
            let items: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
            json!({ "batchItemFailures": items })
        };
        for all in [json!(null), json!({}), json!({ "batchItemFailures": null }), failures(&[])] {
            check(all, true, Verdict::Handled);
        }
        check(failures(&["12", "11"]), true, Verdict::FailedFrom(1));
        check(failures(&["11"]), false, Verdict::Handled);
        for bad in [failures(&["11", "9"]), failures(&[""]), json!({ "batchItemFailures": [{}] })] {
            check(bad, true, Verdict::Failed);
        }
        check(json!({ "batchItemFailures": "11" }), true, Verdict::Failed);
    }

    fn settings(retries_max: Option<u32>, bisects: bool) -> StreamSettings {
        let position = StartingPosition::Latest;
        StreamSettings {
            position,
            retries_max,
            age_max_s: None,
            bisects,
            on_failure: None,
            parallel: 1,
            tumbling_s: 0,
        }
    }

    #[test]
    fn a_batch_is_tried_again_as_often_as_it_may() {
        let batch = |failures| Batch { records: vec![1, 2], failures };
        let check = |failures, retries_max, want: Next<i32>| {
            assert_eq!(next(batch(failures), false, &settings(retries_max, false)), want);
        };
        check(0, None, Next::Again(vec![batch(1)]));
        check(1_000, None, Next::Again(vec![batch(1_001)]));
        check(0, Some(0), Next::LeaveOut(batch(1)));
        check(0, Some(2), Next::Again(vec![batch(1)]));
        check(1, Some(2), Next::Again(vec![batch(2)]));
        check(2, Some(2), Next::LeaveOut(batch(3)));
    }

    #[test]
    fn halves_end_with_single_records() {
        let settings = settings(Some(0), true);
        let (mut todo, mut left_out) =
            (vec![Batch { records: vec![1, 2, 3, 4, 5], failures: 0 }], Vec::new());
        let mut handled = Vec::new();
        while let Some(batch) = todo.pop() {
            if !batch.records.contains(&4) {
                handled.extend(batch.records);
                continue;
            }
            match next(batch, false, &settings) {
                Next::Again(batches) => todo.extend(batches.into_iter().rev()),
                Next::LeaveOut(batch) => left_out.extend(batch.records),
            }
        }
        assert_eq!((handled, left_out), (vec![1, 2, 3, 5], vec![4]));
        // The function itself has said where to go on.
        let batch = Batch { records: vec![1, 2], failures: 0 };
        assert_eq!(next(batch.clone(), true, &settings), Next::LeaveOut(Batch { failures: 1, ..batch }));
    }
}
