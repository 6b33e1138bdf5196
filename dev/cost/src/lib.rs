//! What one workflow uses of AWS, what that costs, and how many of them fit through a stage.
//!
//! `path` is the one list of calls. Two tests hold it to what is really called: over the ports in memory, and on a
//! running stack. `quantities` adds it up, `bill` multiplies by prices, `scale` divides quotas by it, and `tables`
//! writes the tables of the documents. `capacity` knows how DynamoDB counts.
//!
//! It knows no service's code and calls nothing.

pub mod bill;
pub mod capacity;
pub mod path;
pub mod quantities;
pub mod scale;
pub mod tables;

pub use bill::{Bill, Month, Part, Prices, Row, of_one_workflow, sum};
pub use quantities::Line;
