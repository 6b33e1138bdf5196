//! Reading what a newer sender wrote: fields that this build does not know are passed over.
//!
//! The bodies of the API refuse unknown fields, so that a typing error does
//! not go unnoticed. The same shapes also travel inside events, agent tasks
//! and answers, where a newer sender may have added to them. This module reads
//! such a shape without that refusal, at every depth.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;

use crate::unfit::Unfit;

/// For `#[serde(deserialize_with = "tolerant::field")]`.
pub fn field<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    part(&Value::deserialize(deserializer)?)
}

/// Reads one of the shapes that lie side by side in `whole`. The error names the field.
pub(crate) fn part<T: DeserializeOwned, E: serde::de::Error>(whole: &Value) -> Result<T, E> {
    serde_path_to_error::deserialize(Reader::<true>(whole.clone())).map_err(|refused| {
        let path = refused.path().to_string();
        let reason = refused.into_inner();
        if path == "." {
            E::custom(reason)
        } else {
            E::custom(format!("{path}: {reason}"))
        }
    })
}

/// With `TOLERANT`, fields that are not known are passed over.
pub(crate) struct Reader<const TOLERANT: bool>(pub Value);

impl<'de, const TOLERANT: bool> IntoDeserializer<'de, Unfit> for Reader<TOLERANT> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de, const TOLERANT: bool> Deserializer<'de> for Reader<TOLERANT> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Self));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::String(text) => visitor.visit_string(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Object(mut fields) => {
                if TOLERANT {
                    fields.retain(|name, _| known.contains(&name.as_str()));
                }
                Self(Value::Object(fields)).deserialize_any(visitor)
            }
            // A derived struct would also read itself from a list.
            Value::Array(_) => Err(Unfit::custom("must be an object, not a list")),
            plain => Self(plain).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            some => visitor.visit_some(Self(some)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self.0 {
            // None of ours has more in it than its name.
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            other => Err(Unfit::none_of(variants, &other)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}
