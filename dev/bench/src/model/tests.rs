use super::*;

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
        hops = ["one", "one"]
        [[paths.step-functions]]
        name = "only"
        hops = ["one"]
        "#
    )
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
        let found = published.at(z);
        assert!((found - expected).abs() < 1e-6, "{z}: {found}");
    }
    assert!(published.at(9.0) < 250.0, "no source says what lies beyond");
}

#[test]
fn the_mean_of_a_log_normal_latency_is_the_known_one() {
    // p99 / p50 = exp(2.326348 sigma); the mean is p50 exp(sigma^2 / 2).
    let inputs = Inputs::parse(&toml("{ p50 = 20.0, p99 = 64.0 }", "")).unwrap();
    let took = took(&inputs, Side::StepFunctions);
    let mean = took.iter().sum::<f64>() / f64::from(WORKFLOWS);
    let sigma = (64.0_f64 / 20.0).ln() / 2.326_348;
    let known = 20.0 * (sigma * sigma / 2.0).exp();
    assert!((mean / known - 1.0).abs() < 0.03, "{mean} is not {known}");
}

#[test]
fn hops_and_quotas_are_summed_over_the_path() {
    let quotas = r#"
        [quotas.requests]
        kind = { per-second = 5 }
        taken_by = { one = 2 }
        origin = { source = "assumed", note = "a test" }
        [quotas.functions]
        kind = { functions = 4 }
        origin = { source = "assumed", note = "a test" }
    "#;
    let inputs = Inputs::parse(&toml("{ p50 = 10.0, p99 = 10.0 }", quotas)).unwrap();
    let model = model(&inputs);
    let [aegis, other] = &model.sides[..] else {
        panic!("{model:?}")
    };
    assert!((aegis.p50 - 20.0).abs() < 1e-6 && (other.p99 - 10.0).abs() < 1e-6);
    let limits = |one: &Computed| {
        let limits = one.limits.iter();
        Vec::from_iter(limits.map(|limit| (limit.quota.clone(), limit.per_second)))
    };
    assert_eq!(
        limits(aegis),
        [
            ("requests".to_owned(), 1.25),
            ("functions".to_owned(), 200.0)
        ]
    );
    assert_eq!(limits(other), [("requests".to_owned(), 2.5)]);
}

#[test]
fn what_does_not_hold_together_is_refused_by_name() {
    let bad = r#"
        [quotas.q]
        kind = { per-second = 1 }
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

#[test]
fn every_published_figure_has_its_source() {
    let inputs = Inputs::published().unwrap();
    let hops = inputs.hops.values().map(|hop| &hop.origin);
    let origins: Vec<_> = hops
        .chain(inputs.quotas.values().map(|quota| &quota.origin))
        .collect();
    let with_url = origins.iter().filter(|origin| !origin.is_assumed()).count();
    assert_eq!((origins.len(), with_url), (19, 13));
}

/// What the model takes for the path is what a running stack was counted to do.
#[test]
fn the_path_of_aegis_has_the_calls_that_are_counted() {
    use aegis_cost::path::{CALLS, INVOCATIONS, Operation, Trigger, units};
    let inputs = Inputs::published().unwrap();
    let all = |hop: &str| {
        let hops = inputs.steps(Side::Aegis).iter().flat_map(|step| &step.hops);
        hops.filter(|name| *name == hop).count()
    };
    for (hop, operation) in [
        ("ddb_transaction", Operation::TransactWriteItems),
        ("ddb_write", Operation::UpdateItem),
        ("s3_head", Operation::HeadObject),
        ("put_events", Operation::PutEvents),
        ("agent", Operation::InvokeAgentRuntime),
    ] {
        let called = CALLS.iter().filter(|call| call.operation == operation);
        assert_eq!(all(hop), called.count(), "{hop}");
    }
    let requests = INVOCATIONS
        .iter()
        .filter(|(_, trigger, _)| *trigger == Trigger::Api);
    let requests: u64 = requests.map(|(_, _, times)| times).sum();
    assert_eq!(all("http_api") as u64, requests);
    let taken = &inputs.quotas["table_writes"].taken_by;
    let written = taken["ddb_transaction"] * 5.0 + taken["ddb_write"] * 4.0;
    let counted = units(&CALLS).written() as f64;
    assert!((written - counted).abs() < 1e-9, "{written}");
}

#[test]
fn the_same_seed_gives_the_same_figures_and_a_slower_hop_slower_ones() {
    let inputs = Inputs::published().unwrap();
    let one = took(&inputs, Side::Aegis);
    assert_eq!(one, took(&inputs, Side::Aegis));
    for hop in ["http_api", "ddb_transaction", "sqs_to_lambda"] {
        let slower = took(&inputs.with_scaled(hop, 1.5), Side::Aegis);
        let mut pairs = one.iter().zip(&slower);
        assert!(pairs.all(|(one, slower)| slower > one), "{hop}");
    }
}
