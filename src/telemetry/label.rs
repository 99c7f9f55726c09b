//! How a label is made: an enum, each of its values with its text. What is counted by such labels is a table, and a value
//! is an index into it: no text is looked up while requests are served.

/// An enum whose values are those of a label.
macro_rules! label {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$note])* $value,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$value,)*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text,)* }
            }

            /// Its place in [`Self::ALL`].
            #[expect(clippy::as_conversions, reason = "an enum without fields is its place among its values, and nothing else says it as fast")]
            pub(in crate::telemetry) const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

pub(super) use label;
