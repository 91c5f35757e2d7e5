//! Declarations of messages and enumerations, one line a field.

/// Declares messages: their fields by type and wire name, and which fields exclude each other.
macro_rules! messages {
    ($($(#[$meta:meta])* $name:ident {
        $($field:ident : $type:ty = $wire:literal),* $(,)?
    } $(one of $($one:literal)|+)* ;)*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        // Some fields are read only to be checked.
        #[allow(dead_code)]
        pub(crate) struct $name {
            pub span: crate::yaml::Span,
            $(pub $field: $type,)*
        }

        impl crate::decode::Decode for $name {
            fn decode(node: &crate::yaml::Node, cx: &mut crate::decode::Context) -> Option<Self> {
                #[allow(unused_mut)]
                let mut fields = crate::decode::Fields::open(node, cx)?;
                let message = Self { span: node.span, $($field: fields.read(cx, $wire),)* };
                $(fields.at_most_one(cx, &[$($one),+]);)*
                fields.close(cx);
                Some(message)
            }
        }
    )* };
}

/// Declares an enumeration by its words and numbers on the wire.
macro_rules! enumeration {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $wire:literal $number:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl crate::decode::Decode for $name {
            fn decode(node: &crate::yaml::Node, cx: &mut crate::decode::Context) -> Option<Self> {
                crate::decode::decode_enum(node, cx, &[$(($wire, $number, Self::$variant)),*])
            }
        }
    };
}

pub(crate) use {enumeration, messages};
