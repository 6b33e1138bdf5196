use super::latency::Latency;
use super::*;

const SEED: u64 = 7;

fn toml(hop: &str, quotas: &str) -> String {
    format!(
        r#"
        [hops.one]
        latency = {hop}
        origin = {{ source = "assumed", note = "a test" }}
        {quotas}
        [[paths.aegis]]
        name = "only"
        function = true
        queue = "one"
        hops = ["one", "one"]
        [[paths.step-functions]]
        name = "only"
        hops = ["one"]
        "#
    )
}

fn inputs(quotas: &str) -> Inputs {
    Inputs::parse(&toml("{ p50 = 10.0, p99 = 10.0 }", quotas)).unwrap()
}

fn took(inputs: &Inputs, side: Side, rate: f64, workflows: u32) -> Vec<f64> {
    run(
        inputs,
        &Run {
            side,
            rate,
            workflows,
            seed: SEED,
        },
    )
    .took
}

#[test]
fn a_latency_passes_through_its_percentiles() {
    let published = Latency {
        p10: Some(13.7),
        p50: 16.2,
        p90: Some(33.8),
        p95: None,
        p99: 105.0,
    };
    for (z, expected) in [
        (-1.281_552, 13.7),
        (0.0, 16.2),
        (1.281_552, 33.8),
        (2.326_348, 105.0),
    ] {
        assert!(
            (published.at(z) - expected).abs() < 1e-6,
            "{z}: {}",
            published.at(z)
        );
    }
    assert!(published.at(9.0) < 250.0, "no source says what lies beyond");
}

#[test]
fn the_mean_of_a_log_normal_latency_is_the_known_one() {
    // p99 / p50 = exp(2.326348 sigma); the mean is p50 exp(sigma^2 / 2).
    let inputs = Inputs::parse(&toml("{ p50 = 20.0, p99 = 64.0 }", "")).unwrap();
    let took = took(&inputs, Side::StepFunctions, 1.0, 40_000);
    let mean = took.iter().sum::<f64>() / 40_000.0;
    let sigma = (64.0_f64 / 20.0).ln() / 2.326_348;
    let known = 20.0 * (sigma * sigma / 2.0).exp();
    assert!((mean / known - 1.0).abs() < 0.01, "{mean} is not {known}");
}

#[test]
fn every_workflow_ends_and_takes_what_its_hops_take() {
    let took = took(&inputs(""), Side::Aegis, 100.0, 1_000);
    assert_eq!(took.len(), 1_000);
    assert!(
        took.iter().all(|ms| (ms - 20.0).abs() < 1e-6),
        "{:?}",
        &took[..3]
    );
}

#[test]
fn a_bucket_lets_its_burst_through_and_then_its_rate() {
    let quota = r#"
        [quotas.bucket]
        kind = { bucket = { burst = 10, per_second = 5 } }
        taken_by = { one = 1 }
        origin = { source = "assumed", note = "a test" }
    "#;
    let took = took(&inputs(quota), Side::StepFunctions, 1e6, 60);
    let at_once = took.iter().filter(|ms| **ms < 10.5).count();
    assert_eq!(at_once, 10, "{took:?}");
    // Fifty more, five a second.
    assert!((took[59] - 10_010.0).abs() < 20.0, "{}", took[59]);
}

#[test]
fn functions_wait_for_a_place_in_the_order_of_coming() {
    let quota = r#"
        [quotas.functions]
        kind = { functions = { at_once = 4 } }
        origin = { source = "assumed", note = "a test" }
    "#;
    let outcome = run(
        &inputs(quota),
        &Run {
            side: Side::Aegis,
            rate: 1e6,
            workflows: 40,
            seed: SEED,
        },
    );
    assert_eq!(outcome.most_functions, 4);
    assert!(
        outcome.took.is_sorted_by(|a, b| a <= &(b + 0.1)),
        "{:?}",
        outcome.took
    );
    // Ten rounds of 20 ms.
    assert!(
        (outcome.took[39] - 200.0).abs() < 1.0,
        "{}",
        outcome.took[39]
    );
}

#[test]
fn a_mapping_grows_while_messages_wait() {
    let quota = |more: u32| {
        format!(
            r#"
            [quotas.mapping]
            kind = {{ mapping = {{ first = 1, more_per_minute = {more}, at_most = 1000 }} }}
            origin = {{ source = "assumed", note = "a test" }}
            "#
        )
    };
    let last = |more: u32| {
        let all = took(&inputs(&quota(more)), Side::Aegis, 200.0, 2_000);
        all[1_999]
    };
    assert!(
        last(0) > 20_000.0,
        "one place takes 50 a second: {}",
        last(0)
    );
    assert!(last(600) < 100.0, "the backlog is gone: {}", last(600));
}

#[test]
fn what_does_not_hold_together_is_refused_by_name() {
    let bad = r#"
        [quotas.q]
        kind = { bucket = { burst = 1, per_second = 1 } }
        taken_by = { two = 1 }
        origin = { source = "somewhere", note = "" }
    "#;
    let text = toml("{ p50 = 10.0, p99 = 5.0 }", bad);
    let said = format!("{:#}", Inputs::parse(&text).unwrap_err());
    for part in [
        "hop one",
        "quota q",
        "neither a URL",
        "no hop is called two",
    ] {
        assert!(said.contains(part), "{said}");
    }
}
