//! What is stored in fewer characters than it has on the wire.

/// Usage as `[input tokens, output tokens, dollars]`.
pub(super) mod usage {
    use aegis_contracts::usage::Usage;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(usage: &Usage, serializer: S) -> Result<S::Ok, S::Error> {
        (usage.input_tokens, usage.output_tokens, usage.cost_usd).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Usage, D::Error> {
        let (input_tokens, output_tokens, cost_usd) = Deserialize::deserialize(deserializer)?;
        Ok(Usage {
            input_tokens,
            output_tokens,
            cost_usd,
        })
    }
}

/// The name of an attempt, beside the other fields of what it is of.
pub(super) mod attempt {
    use aegis_contracts::attempt::Attempt;
    use aegis_contracts::flow::Name;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Short {
        #[serde(rename = "i")]
        step: Name,
        #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
        branch: Option<u32>,
        #[serde(rename = "a")]
        attempt: u32,
    }

    impl From<&Attempt> for Short {
        fn from(of: &Attempt) -> Self {
            Self {
                step: of.step.clone(),
                branch: of.branch,
                attempt: of.attempt,
            }
        }
    }

    impl From<Short> for Attempt {
        fn from(short: Short) -> Self {
            Self {
                step: short.step,
                branch: short.branch,
                attempt: short.attempt,
            }
        }
    }

    pub fn serialize<S: Serializer>(of: &Attempt, serializer: S) -> Result<S::Ok, S::Error> {
        Short::from(of).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attempt, D::Error> {
        Short::deserialize(deserializer).map(Attempt::from)
    }
}

/// A list of them.
pub(super) mod attempts {
    use aegis_contracts::attempt::Attempt;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::attempt::Short;

    pub fn serialize<S: Serializer>(all: &[Attempt], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(Short::from))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Attempt>, D::Error> {
        let all = Vec::<Short>::deserialize(deserializer)?;
        Ok(all.into_iter().map(Attempt::from).collect())
    }
}

/// A digest in base64, which is in hex everywhere else.
pub(super) mod digest {
    use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub fn serialize<S: Serializer>(hex: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = HEXLOWER
            .decode(hex.as_bytes())
            .map_err(ser::Error::custom)?;
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&digest))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digest = BASE64URL_NOPAD.decode(text.as_bytes());
        Ok(HEXLOWER.encode(&digest.map_err(de::Error::custom)?))
    }
}
