//! Tokens never appear in what is logged.

use crate::specimens;

#[test]
fn debug_output_hides_tokens_and_links() {
    let task = specimens::task();
    let reported = specimens::step_reported();
    let transfer = specimens::transfer();
    let (link, file) = (specimens::approval_link(), specimens::problem_link());
    let shown = format!(
        "{task:?} {task:#?} {reported:?} {reported:#?} {link:?} {link:#?} {file:?} {file:#?} \
         {transfer:?} {transfer:#?}"
    );
    assert!(!shown.contains(&task.callback.token), "{shown}");
    assert!(!shown.contains(&reported.token), "{shown}");
    assert!(!shown.contains("c2VjcmV0"), "{shown}");
    assert!(
        shown.contains(task.workflow_id.as_str()),
        "still says whose it is"
    );
}
