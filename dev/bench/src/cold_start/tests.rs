use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn function(folder: &std::path::Path, script: &str) -> Function {
    let program = folder.join("bootstrap");
    std::fs::write(&program, format!("#!/bin/bash\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Function {
        name: "one".to_owned(),
        program,
        package_bytes: Some(2_000_000),
    }
}

/// Asks for work as a function does; bash can open a connection by itself.
const ASKS: &str = r#"
exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\/}"
printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n' >&3
read -r line <&3
"#;

#[test]
fn each_run_of_each_function_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let one = function(folder.path(), ASKS);
    let hello = Function {
        name: "hello".to_owned(),
        package_bytes: None,
        ..one.clone()
    };
    let found = measure(&hello, &[one], 3, "dev").unwrap();
    assert_eq!((found.runs, found.functions.len()), (3, 1));
    let [one] = &found.functions[..] else {
        panic!("{found:?}")
    };
    assert!(
        one.init_ms > 0.0 && one.resident_mb > one.own_mb && one.own_mb > 0.0,
        "{one:?}"
    );
    assert_eq!(
        (one.package_mb, found.hello.package_mb, found.hello.ratio),
        (Some(2.0), None, 1.0)
    );
}

#[test]
fn a_function_that_cannot_start_is_told_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let one = function(
        folder.path(),
        "echo 'WORKFLOW_TABLE is not set'; exec 3<>\"/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}\"; printf 'POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\n' >&3",
    );
    let said = format!("{:#}", one.start().unwrap_err());
    assert!(
        said.contains("WORKFLOW_TABLE is not set") && said.contains("init/error"),
        "{said}"
    );
}
