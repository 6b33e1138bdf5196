//! How DynamoDB counts capacity units.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>

const WRITE_BLOCK: usize = 1024;
const READ_BLOCK: usize = 4096;

/// Units of some calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    pub table: u64,
    pub indexes: u64,
    pub read_halves: u64,
}

impl std::ops::Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            table: self.table + other.table,
            indexes: self.indexes + other.indexes,
            read_halves: self.read_halves + other.read_halves,
        }
    }
}

impl std::ops::Sub for Units {
    type Output = Self;

    /// What was added since `before`.
    fn sub(self, before: Self) -> Self {
        Self {
            table: self.table - before.table,
            indexes: self.indexes - before.indexes,
            read_halves: self.read_halves - before.read_halves,
        }
    }
}

impl Units {
    pub fn written(self) -> u64 {
        self.table + self.indexes
    }

    pub fn read(self) -> f64 {
        self.read_halves as f64 / 2.0
    }
}

/// Units for writing an item of so many bytes; of an update the larger of before and after counts.
pub fn write_units(bytes: usize, in_transaction: bool) -> u64 {
    let blocks = bytes.div_ceil(WRITE_BLOCK).max(1) as u64;
    blocks * if in_transaction { 2 } else { 1 }
}

/// Halves of a unit for reading so many bytes at once: eventually consistent reads cost one per 4 KB.
pub fn read_halves(bytes: usize, consistent: bool) -> u64 {
    let blocks = bytes.div_ceil(READ_BLOCK).max(1) as u64;
    blocks * if consistent { 2 } else { 1 }
}

/// Units by which a write changes one index. `None`: the item is not in the index, before or after.
///
/// A new row costs one, a row that goes one, one whose key changes both; the same row costs nothing. The rows of our
/// indexes hold what never changes, and stay under a KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes>
pub fn index_units<K: PartialEq>(before: Option<&K>, after: Option<&K>) -> u64 {
    match (before, after) {
        (None, None) => 0,
        (Some(before), Some(after)) if before == after => 0,
        (Some(_), Some(_)) => 2,
        (Some(_), None) | (None, Some(_)) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(write_units(0, false), 1);
        assert_eq!(write_units(1024, false), 1);
        assert_eq!(write_units(1025, true), 4);
        assert_eq!(read_halves(4096, true), 2);
        assert_eq!(read_halves(4097, false), 2);
    }

    #[test]
    fn an_index_is_written_where_its_row_changes() {
        let units =
            |before: Option<u8>, after| index_units(before.as_ref(), Option::as_ref(&after));
        assert_eq!(units(None, None), 0);
        assert_eq!(units(None, Some(1)), 1);
        assert_eq!(units(Some(1), Some(1)), 0);
        assert_eq!(units(Some(1), Some(2)), 2);
        assert_eq!(units(Some(1), None), 1);
    }
}
