//! In the place of what speaks to AWS beside the API, in a build without the feature `aws`: one sentence that says how to
//! get it.

use crate::failure::Coded;

pub(super) fn left_out(what: &str) -> anyhow::Error {
    let message = format!(
        "{what} needs AWS itself, not only the API, and this build cannot do that: install one that can with \
         `cargo install --path cli --features aws`, or type `cargo aegis-aws` in a clone"
    );
    Coded::new("no_aws", message).into()
}

macro_rules! left_out {
    ($verb:ident, $about:literal $(, $here:path)?) => {
        pub mod $verb {
            use std::process::ExitCode;

            use crate::context::Context;

            #[derive(Debug, clap::Args)]
            #[command(about = $about)]
            pub struct Arguments {
                #[arg(hide = true, allow_hyphen_values = true)]
                words: Vec<String>,
            }

            /// # Errors
            /// Where a stage is named.
            pub async fn run(_: Arguments, _context: &Context) -> anyhow::Result<ExitCode> {
                $(if _context.stage.is_none() {
                    return $here(_context);
                })?
                Err(super::left_out(concat!("`", stringify!($verb), "`")))
            }
        }
    };
}

left_out!(
    dlq,
    "Show what was set aside, and why (of a stage in builds with the feature `aws`)",
    crate::upkeep::letters
);
left_out!(
    keys,
    "List or rotate the keys of callback tokens (in builds with the feature `aws`)"
);
left_out!(
    logs,
    "Show the logs of the services (in builds with the feature `aws`)"
);
