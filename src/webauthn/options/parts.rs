//! Texts of a template, as they lie in memory.

/// Texts one behind the other, on as few cache lines as may be.
#[derive(Debug)]
pub(super) struct Parts<const COUNT: usize> {
    text: Box<str>,
    lengths: [usize; COUNT],
}

impl<const COUNT: usize> Parts<COUNT> {
    pub(super) fn new(parts: [String; COUNT]) -> Self {
        Self {
            text: parts.concat().into(),
            lengths: parts.map(|part| part.len()),
        }
    }

    pub(super) const fn length(&self) -> usize {
        self.text.len()
    }

    pub(super) fn all(&self) -> [&str; COUNT] {
        let mut rest = &*self.text;
        self.lengths.map(|length| {
            let (part, behind) = rest.split_at(length);
            rest = behind;
            part
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn they_are_given_back_as_they_were() {
        let parts = Parts::new(["a \u{e4}", "", "c"].map(str::to_owned));
        assert_eq!(parts.all(), ["a \u{e4}", "", "c"]);
        assert_eq!(parts.length(), 5);
    }
}
